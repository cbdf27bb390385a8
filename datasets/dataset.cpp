#include "datasets/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
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

/// The data as a reader finds it. Where some images have a split, those without one are for
/// training.
LabelledFiles read_files(const std::string& path, const WantedTargets& wanted) {
  if (path.empty()) {
    throw DataError(
        "no data was given. Expected --data DIR with one folder per class or with IDX files, or "
        "--data FILE.csv.");
  }
  LabelledFiles found;
  const FileKind kind = file_kind(path);
  if (kind == FileKind::kNothing) {
    throw DataError(
        fmt::format("{}: {}. Expected a folder with one folder per class, or a CSV file.", path,
                    why_absent(path, "folder")));
  }
  const bool is_csv = kind != FileKind::kFolder && lower_case_ending(path) == ".csv";
  if (wanted.kind == TargetKind::kValues && !is_csv) {
    throw DataError(fmt::format(
        "{}: {} has no numbers to predict. Expected a CSV file with the column path and one or "
        "more columns of numbers, or --task classification.",
        path, kind == FileKind::kFolder ? "a folder" : "this file"));
  }
  if (kind == FileKind::kFolder) {
    found = is_idx_folder(path) ? read_idx(path) : read_folder(path);
  } else if (is_csv) {
    found = read_csv(path, wanted);
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

std::vector<std::string> class_names(const LabelledFiles& found, const std::string& split) {
  std::set<std::string> names;
  for (const auto& file : found.files) {
    if (split.empty() || file.split == split) names.insert(file.labels.begin(), file.labels.end());
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  if (found.labels_are_numbers) {
    std::sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
      return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
  }
  return sorted;
}

/// The classes that labels must be among and, for messages, who knows them.
class KnownClasses {
 public:
  KnownClasses(const std::vector<std::string>& names, std::string owner)
      : names_(names), owner_(std::move(owner)) {
    for (const auto& name : names) {
      positions_.emplace(name, static_cast<std::int64_t>(positions_.size()));
    }
  }

  std::size_t size() const { return names_.size(); }

  /// Throws DataError for a label that is not among them.
  std::int64_t position_of(const std::string& label, const LabelledFile& file,
                           const std::string& path) const {
    const auto found = positions_.find(label);
    if (found != positions_.end()) return found->second;
    throw DataError(fmt::format(
        "{}{}: the class '{}' of {} is unknown to {}, whose classes are: {}. Both need the same "
        "class names.",
        path, file.line > 0 ? fmt::format(":{}", file.line) : "", label, file.path, owner_,
        fmt::join(names_, ", ")));
  }

 private:
  const std::vector<std::string>& names_;
  std::string owner_;
  std::map<std::string, std::int64_t> positions_;
};

/// The samples of one split. Throws DataError for a class that is not among the known ones.
std::vector<Sample> samples_of(const LabelledFiles& found, const std::string& split,
                               TargetKind kind, const KnownClasses& known,
                               const std::string& path) {
  std::vector<Sample> samples;
  // Images with exactly one label each can be divided by class.
  const bool has_classes =
      std::all_of(found.files.begin(), found.files.end(),
                  [](const LabelledFile& file) { return file.labels.size() == 1; });
  for (const auto& file : found.files) {
    if (file.split != split) continue;
    Sample sample{file.path, 0, file.values, file.array, file.position};
    if (kind == TargetKind::kLabels) sample.targets.resize(known.size(), 0.0F);
    for (const std::string& label : file.labels) {
      const std::int64_t position = known.position_of(label, file, path);
      if (has_classes) sample.label = position;
      if (kind == TargetKind::kLabels) sample.targets[static_cast<std::size_t>(position)] = 1.0F;
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

void check_names(const std::vector<std::string>& classes, const std::string& path) {
  for (const auto& name : classes) {
    if (is_utf8(name)) continue;
    throw DataError(fmt::format(
        "{}: the class name '{}' is not valid UTF-8, which the model file needs. Rename "
        "the class folder, or save the CSV file as UTF-8.",
        path, escaped(name)));
  }
}

/// Throws where there is nothing to learn: a single label that every image has, or a target with
/// the same number in every image.
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

/// Throws where the splits or the limit per class left a label without a training image.
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

/// Mixed into the seed, so that no two draws use the same random numbers.
enum SplitUse : std::uint64_t { kTestSplit = 1, kValSplit, kTrainLimit, kValLimit, kFolds };

/// Divides the images for training and validation into the folds of the configuration.
void divide_into_folds(Dataset& dataset, const DataConfig& config, std::uint64_t seed) {
  std::move(dataset.val.begin(), dataset.val.end(), std::back_inserter(dataset.train));
  if (static_cast<std::int64_t>(dataset.train.size()) < config.folds) {
    throw DataError(fmt::format("{}: {} images cannot be divided into {} folds (data.folds).",
                                config.path, dataset.train.size(), config.folds));
  }
  std::map<std::int64_t, std::int64_t> sizes;
  for (const Sample& sample : dataset.train) ++sizes[sample.label];
  for (const auto& [label, size] : sizes) {
    if (size > 1) continue;
    throw DataError(fmt::format(
        "{}: the class '{}' has a single image, which cannot be both left out and trained on "
        "(data.folds). Add images, or remove the class.",
        config.path, dataset.classes[static_cast<std::size_t>(label)]));
  }
  std::tie(dataset.train, dataset.val) =
      stratified_fold(dataset.train, config.folds, config.fold - 1, mix_seed({seed, kFolds}));
}

/// Throws where there are no images or no classes to train on.
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

/// Takes validation and test images out of the training images where the data has none, and limits
/// the images per class.
void divide(Dataset& dataset, const DataConfig& config, std::uint64_t seed) {
  if (dataset.val.empty() && dataset.test.empty() && config.test_fraction > 0) {
    std::tie(dataset.train, dataset.test) =
        stratified_split(dataset.train, config.test_fraction, mix_seed({seed, kTestSplit}));
  }
  if (config.folds > 0) {
    divide_into_folds(dataset, config, seed);
  } else if (dataset.val.empty()) {
    std::tie(dataset.train, dataset.val) =
        stratified_split(dataset.train, config.val_fraction, mix_seed({seed, kValSplit}));
  }
  if (config.max_per_class > 0) {
    dataset.train =
        limit_per_class(dataset.train, config.max_per_class, mix_seed({seed, kTrainLimit}));
    dataset.val = limit_per_class(dataset.val, config.max_per_class, mix_seed({seed, kValLimit}));
  }
}

}  // namespace

Dataset open_dataset(const DataConfig& config, std::uint64_t seed, TargetKind kind) {
  LabelledFiles found = read_files(config.path, {kind, config.targets});
  for (auto& file : found.files) {
    if (file.split.empty()) file.split = "train";
  }
  Dataset dataset;
  dataset.classes = kind == TargetKind::kValues ? found.value_names : class_names(found, "train");
  check_training_data(found, dataset.classes, kind, config.path);
  const auto take = [&](const std::string& split) {
    return samples_of(found, split, kind, {dataset.classes, "train"}, config.path);
  };
  dataset.train = take("train");
  dataset.val = take("val");
  dataset.test = take("test");
  dataset.skipped_files = std::move(found.skipped_files);
  if (kind != TargetKind::kClass) require_variety(dataset, kind, config.path);
  divide(dataset, config, seed);
  if (kind == TargetKind::kLabels) require_every_label(dataset, config.path);
  if (dataset.val.empty()) {
    throw DataError(fmt::format(
        "{}: no image is left for validation. Every class has a single image; expected at "
        "least two.",
        config.path));
  }
  return dataset;
}

EvaluationData open_for_evaluation(const std::string& path, const std::string& split,
                                   const std::vector<std::string>& classes, TargetKind kind) {
  const LabelledFiles found =
      read_files(path, {kind, kind == TargetKind::kValues ? classes : std::vector<std::string>()});
  std::set<std::string> splits;
  for (const auto& file : found.files) splits.insert(file.split);
  std::string chosen = split;
  if (chosen.empty()) {
    // The last one matches where no image has a split.
    for (const std::string candidate : {"test", "val", "train", ""}) {
      chosen = candidate;
      if (splits.contains(candidate)) break;
    }
  } else if (!splits.contains(chosen)) {
    throw DataError(fmt::format(
        "{}: has no split '{}'{}. Leave out --split to take {}.", path, chosen,
        names_splits(found)
            ? fmt::format("; found: {}", fmt::join(splits, ", "))
            : ": the data names no splits, and which images `train` left out is unknown",
        names_splits(found) ? "test, else val" : "all images"));
  }
  return {chosen, samples_of(found, chosen, kind, {classes, "the model"}, path)};
}

}  // namespace transfer
