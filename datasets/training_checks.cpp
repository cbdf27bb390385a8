#include "datasets/training_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/errors.h"
#include "core/utf8.h"

namespace transfer {
namespace {

void check_names(const std::vector<std::string>& classes, const std::string& path) {
  for (const auto& name : classes) {
    if (is_utf8(name)) continue;
    throw DataError(fmt::format(
        "{}: the class name '{}' is not valid UTF-8, which the model file needs. Rename "
        "the class folder, or save the CSV file as UTF-8.",
        path, escaped(name)));
  }
}

}  // namespace

void require_variety(const Dataset& dataset, TargetKind kind, const std::string& path) {
  for (std::size_t k = 0; k < dataset.classes.size(); ++k) {
    const float first = dataset.train.front().targets[k];
    const bool varies =
        std::any_of(dataset.train.begin(), dataset.train.end(),
                    [&](const Sample& sample) { return sample.targets[k] != first; });
    if (varies) continue;
    if (kind == TargetKind::kValues) {
      throw DataError(fmt::format(
          "{}: '{}' is {} in every training image, so there is nothing to learn. Leave it out "
          "with data.targets.",
          path, dataset.classes[k], first));
    }
    if (dataset.classes.size() == 1) {
      throw DataError(fmt::format(
          "{}: every training image has the only label ('{}'). Expected a second label, or images "
          "without it.",
          path, dataset.classes[k]));
    }
  }
}

void require_every_label(const Dataset& dataset, const std::string& path) {
  for (std::size_t k = 0; k < dataset.classes.size(); ++k) {
    const bool occurs = std::any_of(dataset.train.begin(), dataset.train.end(),
                                    [k](const Sample& sample) { return sample.targets[k] > 0; });
    if (occurs) continue;
    throw DataError(fmt::format(
        "{}: every image with the label '{}' went to validation or test, or was left out by "
        "data.max_per_class, so there is none to learn it from. Add images with this label, keep "
        "one in train with a column split, or give another seed.",
        path, dataset.classes[k]));
  }
}

void check_training_data(const LabelledFiles& found, const std::vector<std::string>& classes,
                         TargetKind kind, const std::string& path) {
  check_names(classes, path);
  const bool trains = std::any_of(found.files.begin(), found.files.end(),
                                  [](const auto& file) { return file.split == "train"; });
  if (!trains) {
    throw DataError(fmt::format(
        "{}: no image is for training. Expected a folder 'train' beside the other splits, or "
        "rows of the split 'train'.",
        path));
  }
  if (classes.empty()) {
    throw DataError(fmt::format(
        "{}: no training image has a label. Expected names in the column label.", path));
  }
  if (kind == TargetKind::kClass && classes.size() < 2) {
    throw DataError(
        fmt::format("{}: found one class only ('{}'). Expected at least two class folders.", path,
                    classes.front()));
  }
}

std::vector<std::string> missing_in_val(const Dataset& dataset, TargetKind kind) {
  if (kind == TargetKind::kValues) return {};
  std::vector<bool> occurs(dataset.classes.size(), false);
  for (const Sample& sample : dataset.val) {
    if (kind == TargetKind::kClass) occurs[static_cast<std::size_t>(sample.label)] = true;
    for (std::size_t k = 0; k < sample.targets.size(); ++k) {
      occurs[k] = occurs[k] || sample.targets[k] > 0;
    }
  }
  std::vector<std::string> missing;
  for (std::size_t k = 0; k < occurs.size(); ++k) {
    if (!occurs[k]) missing.push_back(dataset.classes[k]);
  }
  return missing;
}

}  // namespace transfer
