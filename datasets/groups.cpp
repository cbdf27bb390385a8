#include "datasets/groups.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "configs/group_pattern.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/disjoint_sets.h"
#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {
namespace {

/// The path as someone sees it who looks into the data.
std::string path_below(const std::string& path, const std::filesystem::path& data) {
  const auto below = std::filesystem::path(path).lexically_relative(data);
  const bool is_outside = below.empty() || *below.begin() == "..";
  return is_outside ? path : below.string();
}

void match_groups(LabelledFiles& found, const DataConfig& config) {
  const auto folder =
      is_folder(config.path) ? std::filesystem::path(config.path) : folder_of(config.path);
  const GroupPattern pattern(config.group_by);
  std::vector<std::string> unmatched;
  for (LabelledFile& file : found.files) {
    if (!file.group.empty()) {
      throw DataError(
          fmt::format("{}: has a column of groups, and data.group_by finds groups in file names. "
                      "Leave data.group_by out, or rename the column.",
                      config.path));
    }
    throw_if_stopped();
    file.group = pattern.group_of(path_below(file.path, folder));
    if (file.group.empty()) unmatched.push_back(file.path);
  }
  if (unmatched.size() == found.files.size()) {
    const bool takes_path = pattern.looks_into_folders();
    const std::string below = path_below(unmatched.front(), folder);
    throw DataError(fmt::format(
        "{}: data.group_by '{}' matches none of the {}, such as {}. Expected an expression that "
        "finds the group, such as {}.",
        config.path, config.group_by, takes_path ? "paths below the data" : "file names",
        takes_path ? below : std::filesystem::path(below).filename().string(),
        takes_path ? "^([^/]+)/" : "^([^_]+)_"));
  }
  if (unmatched.empty()) return;
  found.findings.warnings.push_back(fmt::format(
      "{}: {} of {} have no group by data.group_by and stand alone: {}", config.path,
      unmatched.size(), count_text(found.files.size(), "image"), first_five(unmatched)));
}

}  // namespace

void find_groups(LabelledFiles& found, const DataConfig& config) {
  const bool is_in_memory = !found.files.empty() && found.files.front().array != nullptr;
  if (!config.group_by.empty() && is_in_memory) {
    found.findings.notes.emplace_back(
        "data.group_by has no effect: images of IDX files have no names");
  } else if (!config.group_by.empty()) {
    match_groups(found, config);
  }
  std::set<std::string> groups;
  for (const LabelledFile& file : found.files) {
    if (!file.group.empty()) groups.insert(file.group);
  }
  found.findings.groups = static_cast<std::int64_t>(groups.size());
  if (groups.empty()) return;
  found.findings.notes.push_back(fmt::format(
      "{}: {} in {}; where the program divides the images, a group stays together", config.path,
      count_text(found.files.size(), "image"), count_text(groups.size(), "group")));
}

std::vector<std::int64_t> kept_together(const std::vector<LabelledFile>& files,
                                        const std::vector<std::int64_t>& copies) {
  DisjointSets sets(files.size());
  std::unordered_map<std::string, std::size_t> first_of_group;
  std::unordered_map<std::int64_t, std::size_t> first_copy;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].group.empty())
      sets.join(first_of_group.emplace(files[i].group, i).first->second, i);
    if (copies[i] >= 0) sets.join(first_copy.emplace(copies[i], i).first->second, i);
  }
  std::vector<std::int64_t> sizes(files.size(), 0);
  for (std::size_t i = 0; i < files.size(); ++i) ++sizes[sets.find(i)];
  std::vector<std::int64_t> numbers(files.size(), -1);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool is_alone = sizes[sets.find(i)] == 1 && files[i].group.empty();
    if (!is_alone) numbers[i] = static_cast<std::int64_t>(sets.find(i));
  }
  return numbers;
}

void check_groups(const LabelledFiles& found, const DataConfig& config, Findings& findings) {
  std::map<std::string, std::set<std::string>> splits;
  for (const LabelledFile& file : found.files) {
    if (file.group.empty()) continue;
    const bool is_divided_again = config.folds > 0 && file.split == "val";
    splits[file.group].insert(is_divided_again ? "train" : file.split);
  }
  for (const auto& [group, of] : splits) {
    if (of.size() < 2) continue;
    findings.groups_across_splits.push_back(fmt::format("{} ({})", group, fmt::join(of, ", ")));
  }
  const std::size_t broken = findings.groups_across_splits.size();
  if (broken == 0) return;
  findings.warnings.push_back(fmt::format(
      "{}: {} of {} groups {} images in more than one split, so the scores say less about new "
      "groups: {}. Move each group into one split; or name no splits, and groups stay together.",
      config.path, broken, splits.size(), broken == 1 ? "has" : "have",
      first_five(findings.groups_across_splits)));
}

}  // namespace transfer
