#include "datasets/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/random.h"
#include "core/utf8.h"
#include "datasets/labelled_files.h"
#include "datasets/split.h"

namespace transfer {
namespace {

bool names_splits(const LabelledFiles& found) {
  return std::any_of(found.files.begin(), found.files.end(),
                     [](const LabelledFile& file) { return !file.split.empty(); });
}

/// The data as a reader finds it. Where it names splits, what has none is for training.
LabelledFiles read_files(const std::string& path) {
  if (path.empty()) {
    throw DataError(
        "no data was given. Expected --data DIR with one folder a class, or --data FILE.csv.");
  }
  LabelledFiles found;
  const FileKind kind = file_kind(path);
  if (kind == FileKind::kNothing) {
    throw DataError(fmt::format("{}: {}. Expected a folder with one folder a class, or a CSV file.",
                                path, why_absent(path, "folder")));
  }
  if (kind == FileKind::kFolder) {
    found = read_folder(path);
  } else if (lower_case_ending(path) == ".csv") {
    found = read_csv(path);
  } else {
    throw DataError(
        fmt::format("{}: is a file. Expected a folder of class folders, or a .csv file.", path));
  }
  if (names_splits(found)) {
    for (auto& file : found.files) {
      if (file.split.empty()) file.split = "train";
    }
  }
  return found;
}

std::vector<std::string> class_names(const std::vector<LabelledFile>& files,
                                     const std::string& split) {
  std::set<std::string> names;
  for (const auto& file : files) {
    if (split.empty() || file.split == split) names.insert(file.label);
  }
  return {names.begin(), names.end()};
}

/// Labels the files of one split. Throws when a class is not among `classes`.
std::vector<Sample> samples_of(const LabelledFiles& found, const std::string& split,
                               const std::vector<std::string>& classes, const std::string& path,
                               const std::string& owner) {
  std::vector<Sample> samples;
  for (const auto& file : found.files) {
    if (file.split != split) continue;
    const auto position = std::lower_bound(classes.begin(), classes.end(), file.label);
    if (position == classes.end() || *position != file.label) {
      throw DataError(fmt::format(
          "{}: the class '{}' of {} is unknown to {}, whose classes are: {}. Both need the same "
          "class names.",
          path, file.label, file.path, owner, fmt::join(classes, ", ")));
    }
    samples.push_back({file.path, position - classes.begin()});
  }
  return samples;
}

void check_classes(const std::vector<std::string>& classes, const std::string& path) {
  for (const auto& name : classes) {
    if (is_utf8(name)) continue;
    throw DataError(fmt::format(
        "{}: the class name '{}' is not valid UTF-8, which the model file needs. Rename "
        "the class folder, or save the CSV file as UTF-8.",
        path, escaped(name)));
  }
  if (classes.size() >= 2) return;
  throw DataError(
      fmt::format("{}: found one class only ('{}'). Expected at least two class folders.", path,
                  classes.empty() ? "" : classes.front()));
}

/// What keeps different uses of one seed apart.
enum SplitUse : std::uint64_t { kTestSplit = 1, kValSplit, kTrainLimit, kValLimit };

}  // namespace

Dataset open_dataset(const DataConfig& config, std::uint64_t seed) {
  LabelledFiles found = read_files(config.path);
  for (auto& file : found.files) {
    if (file.split.empty()) file.split = "train";
  }
  Dataset dataset;
  dataset.classes = class_names(found.files, "train");
  if (dataset.classes.empty()) {
    throw DataError(fmt::format(
        "{}: no picture is for training. Expected a folder 'train' beside the other splits, or "
        "rows of the split 'train'.",
        config.path));
  }
  check_classes(dataset.classes, config.path);
  const auto take = [&](const std::string& split) {
    return samples_of(found, split, dataset.classes, config.path, "train");
  };
  dataset.train = take("train");
  dataset.val = take("val");
  dataset.test = take("test");
  dataset.skipped_files = std::move(found.skipped_files);

  if (dataset.val.empty() && dataset.test.empty() && config.test_fraction > 0) {
    std::tie(dataset.train, dataset.test) =
        stratified_split(dataset.train, config.test_fraction, mix_seed({seed, kTestSplit}));
  }
  if (dataset.val.empty()) {
    std::tie(dataset.train, dataset.val) =
        stratified_split(dataset.train, config.val_fraction, mix_seed({seed, kValSplit}));
  }
  if (config.max_per_class > 0) {
    dataset.train =
        limit_per_class(dataset.train, config.max_per_class, mix_seed({seed, kTrainLimit}));
    dataset.val = limit_per_class(dataset.val, config.max_per_class, mix_seed({seed, kValLimit}));
  }
  if (dataset.val.empty()) {
    throw DataError(fmt::format(
        "{}: no picture is left for validation. Every class has a single picture; expected at "
        "least two.",
        config.path));
  }
  return dataset;
}

EvaluationData open_for_evaluation(const std::string& path, const std::string& split,
                                   const std::vector<std::string>& classes) {
  const LabelledFiles found = read_files(path);
  std::set<std::string> splits;
  for (const auto& file : found.files) splits.insert(file.split);
  std::string chosen = split;
  if (chosen.empty()) {
    // The last one is there whenever nothing else is.
    for (const std::string candidate : {"test", "val", "train", ""}) {
      chosen = candidate;
      if (splits.contains(candidate)) break;
    }
  } else if (!splits.contains(chosen)) {
    throw DataError(fmt::format(
        "{}: has no split '{}'{}. Leave out --split to take {}.", path, chosen,
        names_splits(found) ? fmt::format("; found: {}", fmt::join(splits, ", "))
                            : ": the data names no splits, and what `train` set apart is not known",
        names_splits(found) ? "test, else val" : "all pictures"));
  }
  // The model's classes are in output order, which for our own models is sorted; keep it general.
  std::vector<std::string> sorted = classes;
  std::sort(sorted.begin(), sorted.end());
  auto samples = samples_of(found, chosen, sorted, path, "the model");
  for (Sample& sample : samples) {
    const auto& name = sorted[static_cast<std::size_t>(sample.label)];
    sample.label = std::find(classes.begin(), classes.end(), name) - classes.begin();
  }
  return {chosen, std::move(samples)};
}

}  // namespace transfer
