#include "datasets/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "core/errors.h"
#include "core/file_kind.h"
#include "datasets/contradictions.h"
#include "datasets/copies.h"
#include "datasets/division.h"
#include "datasets/groups.h"
#include "datasets/labelled_files.h"
#include "datasets/listed_data.h"
#include "datasets/training_checks.h"

namespace transfer {
namespace {

bool names_splits(const LabelledFiles& found) {
  return std::any_of(found.files.begin(), found.files.end(),
                     [](const LabelledFile& file) { return !file.split.empty(); });
}

/// The data as a reader finds it. Where some images have a split, those without one are for
/// training.
LabelledFiles read_files(const std::string& path, const WantedTargets& wanted,
                         std::int64_t max_image_bytes) {
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
    const std::string expected =
        wanted.of_model
            ? fmt::format(
                  "The model predicts numbers: expected a CSV file with the columns path, "
                  "{}",
                  fmt::join(wanted.columns, ", "))
            : "Expected a CSV file with the column path and one or more columns of numbers, or "
              "--task classification";
    throw DataError(fmt::format("{}: {} has no numbers to predict. {}.", path,
                                kind == FileKind::kFolder ? "a folder" : "this file", expected));
  }
  if (kind == FileKind::kFolder) {
    found = is_idx_folder(path) ? read_idx(path, max_image_bytes) : read_folder(path);
  } else if (is_csv) {
    found = read_csv(path, wanted);
  } else {
    throw DataError(
        fmt::format("{}: is a file. Expected a folder of class folders, or a .csv file.", path));
  }
  const ColumnRoles& roles = wanted.roles;
  if (!is_csv && !roles.are_empty()) {
    found.findings.notes.emplace_back(
        "data.columns has no effect: it names columns of a CSV file, and the data is a folder");
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
        "class names.{}",
        path, file.line > 0 ? fmt::format(":{}", file.line) : "", label, file.path, owner_,
        fmt::join(names_, ", "), hint_of_similar_class(label, names_)));
  }

 private:
  const std::vector<std::string>& names_;
  std::string owner_;
  std::map<std::string, std::int64_t> positions_;
};

/// What belongs together, for each file; both empty where nobody asks for it.
struct Ties {
  std::vector<std::int64_t> copies;  ///< see copy_groups()
  std::vector<std::int64_t> kept;    ///< see kept_together()
};

/// The samples of one split. Throws DataError for a class that is not among the known ones.
std::vector<Sample> samples_of(const LabelledFiles& found, const Ties& ties,
                               const std::string& split, TargetKind kind, const KnownClasses& known,
                               const std::string& path, std::int64_t max_image_bytes) {
  std::vector<Sample> samples;
  // Images with exactly one label each can be divided by class.
  const bool has_classes =
      std::all_of(found.files.begin(), found.files.end(),
                  [](const LabelledFile& file) { return file.labels.size() == 1; });
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    const LabelledFile& file = found.files[i];
    if (file.split != split) continue;
    Sample sample{file.path, 0, file.values, file.array, file.position};
    sample.max_bytes = max_image_bytes;
    if (!ties.copies.empty()) sample.copy_group = ties.copies[i];
    if (!ties.kept.empty()) sample.kept_with = ties.kept[i];
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

}  // namespace

Dataset open_dataset(const DataConfig& config, std::uint64_t seed, TargetKind kind) {
  LabelledFiles found = read_files(
      config.path, {kind, config.targets, column_roles(config.columns)}, config.max_image_bytes);
  for (auto& file : found.files) {
    if (file.split.empty()) file.split = "train";
  }
  Dataset dataset;
  find_groups(found, config);
  dataset.classes = kind == TargetKind::kValues ? found.value_names : class_names(found, "train");
  check_training_data(found, dataset.classes, kind, config.path);
  Findings findings = std::move(found.findings);
  check_class_names(class_names(found, ""), config.path, findings);
  check_repeated_paths(found, kind, config.path, findings);
  Ties ties;
  ties.copies = copy_groups(found.files, config.max_image_bytes);
  ties.kept = kept_together(found.files, ties.copies);
  const auto take = [&](const std::string& split) {
    return samples_of(found, ties, split, kind, {dataset.classes, "train"}, config.path,
                      config.max_image_bytes);
  };
  dataset.train = take("train");
  dataset.val = take("val");
  dataset.test = take("test");
  check_copies(found, ties.copies, config, findings);
  check_groups(found, config, findings);
  if (kind != TargetKind::kClass) require_variety(dataset, kind, config.path);
  dataset.findings = std::move(findings);
  divide(dataset, config, seed);
  if (kind == TargetKind::kLabels) require_every_label(dataset, config.path);
  if (dataset.val.empty()) {
    throw DataError(
        fmt::format("{}: no image is left for validation. {}", config.path,
                    dataset.findings.groups > 0
                        ? "Every class lies in a single group, which is not divided; expected at "
                          "least two groups of some class."
                        : "Every class has a single image; expected at least two."));
  }
  dataset.findings.missing_in_val = missing_in_val(dataset, kind);
  return dataset;
}

ListedData list_data(const DataConfig& config, TargetKind kind) {
  LabelledFiles found = read_files(
      config.path, {kind, config.targets, column_roles(config.columns)}, config.max_image_bytes);
  find_groups(found, config);
  ListedData data;
  data.classes = kind == TargetKind::kValues ? found.value_names : class_names(found, "");
  data.findings = std::move(found.findings);
  check_class_names(data.classes, config.path, data.findings);
  check_repeated_paths(found, kind, config.path, data.findings);
  Ties ties;
  ties.copies = copy_groups(found.files, config.max_image_bytes);
  ties.kept = kept_together(found.files, ties.copies);
  DataConfig tolerant = config;
  tolerant.allow_leakage = true;
  check_copies(found, ties.copies, tolerant, data.findings);
  check_groups(found, tolerant, data.findings);
  for (const std::string split : {"train", "val", "test", ""}) {
    auto samples = samples_of(found, ties, split, kind, {data.classes, "the data"}, config.path,
                              config.max_image_bytes);
    data.splits.insert(data.splits.end(), samples.size(), split);
    std::move(samples.begin(), samples.end(), std::back_inserter(data.samples));
    for (const LabelledFile& file : found.files) {
      if (file.split == split) data.groups.push_back(file.group);
    }
  }
  return data;
}

EvaluationData open_for_evaluation(const std::string& path, const std::string& split,
                                   const std::vector<std::string>& classes, TargetKind kind,
                                   const ColumnRoles& roles, std::int64_t max_image_bytes) {
  LabelledFiles found =
      read_files(path,
                 {kind, kind == TargetKind::kValues ? classes : std::vector<std::string>(), roles,
                  /*of_model=*/true},
                 max_image_bytes);
  Findings findings = std::move(found.findings);
  check_class_names(class_names(found, ""), path, findings);
  check_repeated_paths(found, kind, path, findings);
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
  return {chosen,
          samples_of(found, {}, chosen, kind, {classes, "the model"}, path, max_image_bytes),
          std::move(findings)};
}

}  // namespace transfer
