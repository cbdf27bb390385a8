#include "datasets/division.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "core/errors.h"
#include "core/random.h"
#include "datasets/group_split.h"
#include "datasets/split.h"

namespace transfer {
namespace {

/// Mixed into the seed, so that no two draws use the same random numbers.
enum SplitUse : std::uint64_t { kTestSplit = 1, kValSplit, kTrainLimit, kValLimit, kFolds };

/// Divides the images for training and validation into the folds of the configuration.
void divide_into_folds(Dataset& dataset, const DataConfig& config, std::uint64_t seed) {
  if (!dataset.val.empty()) {
    dataset.findings.notes.push_back(
        fmt::format("data.folds divides the {} validation images of the data again, together with "
                    "its training images",
                    dataset.val.size()));
  }
  std::move(dataset.val.begin(), dataset.val.end(), std::back_inserter(dataset.train));
  const bool has_groups = have_groups(dataset.train);
  const std::int64_t parts =
      has_groups ? count_parts(dataset.train) : static_cast<std::int64_t>(dataset.train.size());
  if (parts < config.folds) {
    throw DataError(fmt::format("{}: {} {} cannot be divided into {} folds (data.folds).",
                                config.path, parts, has_groups ? "groups" : "images",
                                config.folds));
  }
  std::map<std::int64_t, std::int64_t> sizes;  // a group and copies of an image count once
  std::set<std::pair<std::int64_t, std::int64_t>> groups;
  for (const Sample& sample : dataset.train) {
    const std::int64_t group = sample.kept_with;
    const bool is_new = group < 0 || groups.emplace(sample.label, group).second;
    sizes[sample.label] += is_new ? 1 : 0;
  }
  for (const auto& [label, size] : sizes) {
    if (size > 1) continue;
    if (has_groups) {
      throw DataError(fmt::format(
          "{}: the class '{}' lies in a single group, which cannot be both left out and "
          "trained on (data.folds). Add groups, or remove the class.",
          config.path, dataset.classes[static_cast<std::size_t>(label)]));
    }
    throw DataError(fmt::format(
        "{}: the class '{}' has a single image, which cannot be both left out and trained on "
        "(data.folds). Copies of it, byte for byte, do not count. Add images, or remove the class.",
        config.path, dataset.classes[static_cast<std::size_t>(label)]));
  }
  std::tie(dataset.train, dataset.val) =
      stratified_fold(dataset.train, config.folds, config.fold - 1, mix_seed({seed, kFolds}));
}

/// Takes images for validation. Where every class is one image and its copies, they cannot stay
/// together: they are divided all the same, with a warning.
void take_validation(Dataset& dataset, const DataConfig& config, std::uint64_t seed) {
  const std::vector<Sample> all = dataset.train;
  std::tie(dataset.train, dataset.val) =
      stratified_split(all, config.val_fraction, mix_seed({seed, kValSplit}));
  if (!dataset.val.empty() || dataset.findings.copies == 0 || have_groups(all)) return;
  std::vector<Sample> single = all;
  for (Sample& sample : single) sample.copy_group = sample.kept_with = -1;
  std::tie(dataset.train, dataset.val) =
      stratified_split(single, config.val_fraction, mix_seed({seed, kValSplit}));
  if (dataset.val.empty()) return;
  dataset.findings.warnings.push_back(fmt::format(
      "{}: every class is a single image and copies of it, byte for byte, so training and "
      "validation share their images and the validation score says nothing about new ones. Add "
      "images.",
      config.path));
}

/// Notes the settings that divide images but have nothing to divide.
void note_unused_division(Dataset& dataset, const DataConfig& config) {
  const DataConfig defaults;
  const auto note = [&](const char* key, const char* reason) {
    dataset.findings.notes.push_back(fmt::format("{} has no effect: {}", key, reason));
  };
  if (config.val_fraction != defaults.val_fraction && config.folds > 0) {
    note("data.val_fraction", "data.folds says how many images are left out for validation");
  } else if (config.val_fraction != defaults.val_fraction && !dataset.val.empty()) {
    note("data.val_fraction", "the data has validation images of its own");
  }
  if (config.test_fraction > 0 && !(dataset.val.empty() && dataset.test.empty())) {
    note("data.test_fraction", dataset.test.empty()
                                   ? "it is for data without splits, and this has validation images"
                                   : "the data has test images of its own");
  }
}

}  // namespace

void divide(Dataset& dataset, const DataConfig& config, std::uint64_t seed) {
  note_unused_division(dataset, config);
  if (dataset.val.empty() && dataset.test.empty() && config.test_fraction > 0) {
    std::tie(dataset.train, dataset.test) =
        stratified_split(dataset.train, config.test_fraction, mix_seed({seed, kTestSplit}));
  }
  if (config.folds > 0) {
    divide_into_folds(dataset, config, seed);
  } else if (dataset.val.empty()) {
    take_validation(dataset, config, seed);
  }
  if (config.max_per_class > 0) {
    dataset.train =
        limit_per_class(dataset.train, config.max_per_class, mix_seed({seed, kTrainLimit}));
    dataset.val = limit_per_class(dataset.val, config.max_per_class, mix_seed({seed, kValLimit}));
  }
}

}  // namespace transfer
