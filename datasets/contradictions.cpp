#include "datasets/contradictions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/name_form.h"

namespace transfer {
namespace {

using Group = std::vector<const LabelledFile*>;

bool same_targets(const LabelledFile& a, const LabelledFile& b) {
  return std::set<std::string>(a.labels.begin(), a.labels.end()) ==
             std::set<std::string>(b.labels.begin(), b.labels.end()) &&
         a.values == b.values;
}

std::string pair_text(const LabelledFile& a, const LabelledFile& b) {
  return fmt::format("{} = {}", a.path, b.path);
}

std::string joined(const LabelledFile& file) {
  return fmt::format("{}", fmt::join(file.labels, "|"));
}

/// The split in which an image counts: with folds, train and val are divided anew.
std::string own_split(const LabelledFile& file, bool has_folds) {
  return has_folds && file.split == "val" ? "train" : file.split;
}

/// The members of each group of copies, in the order of the files.
std::vector<Group> members_of(const LabelledFiles& found, const std::vector<std::int64_t>& groups) {
  std::vector<Group> members;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0) continue;
    const auto group = static_cast<std::size_t>(groups[i]);
    if (members.size() <= group) members.resize(group + 1);
    members[group].push_back(&found.files[i]);
  }
  return members;
}

/// How many images of the first split, which measures, are also in the second.
using Leaks = std::map<std::pair<std::string, std::string>, std::int64_t>;

/// Lists and counts a group's copies across splits.
void add_leaks(const Group& group, bool has_folds, Findings& findings, Leaks& leaks) {
  for (const std::string measuring : {"val", "test"}) {
    for (const std::string other : {"train", "val"}) {
      if (measuring == other) continue;
      const auto source = std::find_if(group.begin(), group.end(), [&](const LabelledFile* file) {
        return own_split(*file, has_folds) == other;
      });
      if (source == group.end()) continue;
      for (const LabelledFile* file : group) {
        if (own_split(*file, has_folds) != measuring) continue;
        ++leaks[{measuring, other}];
        findings.copies_across_splits.push_back(pair_text(*file, **source));
      }
    }
  }
}

std::string leak_text(const LabelledFiles& found, bool has_folds, const Leaks& leaks) {
  std::vector<std::string> parts;
  for (const auto& [splits, count] : leaks) {
    const std::string& measuring = splits.first;
    const auto images = std::count_if(
        found.files.begin(), found.files.end(),
        [&](const LabelledFile& file) { return own_split(file, has_folds) == measuring; });
    parts.push_back(
        fmt::format("{} of {} {} images are also in {}", count, images, measuring, splits.second));
  }
  return fmt::format("{}, byte for byte", fmt::join(parts, ", "));
}

}  // namespace

void check_class_names(const std::vector<std::string>& names, const std::string& path,
                       Findings& findings) {
  std::map<std::string, std::string> printed;
  std::map<std::string, std::string> caseless;
  std::vector<std::string> pairs;
  for (const std::string& name : names) {
    const auto [same, is_new] = printed.emplace(printed_form(name), name);
    if (!is_new) {
      throw DataError(fmt::format(
          "{}: the classes '{}' and '{}' differ only in white space or in the Unicode form of "
          "their "
          "letters, so they look the same. Give both the same name{}.",
          path, same->second, name, is_folder(path) ? " (move the images into one folder)" : ""));
    }
    const auto [other, is_other] = caseless.emplace(caseless_form(name), name);
    if (!is_other) pairs.push_back(fmt::format("'{}' and '{}'", other->second, name));
  }
  if (pairs.empty()) return;
  findings.warnings.push_back(fmt::format(
      "{}: classes differ only in capital and small letters: {}. They are learned as different "
      "classes; rename one of each where they are not.",
      path, first_five(pairs)));
}

std::string hint_of_similar_class(const std::string& name, const std::vector<std::string>& known) {
  for (const std::string& candidate : known) {
    if (caseless_form(candidate) != caseless_form(name)) continue;
    return fmt::format(
        " '{}' and '{}' differ only in white space, case or the Unicode form of their letters.",
        name, candidate);
  }
  return "";
}

void check_repeated_paths(const LabelledFiles& found, TargetKind kind, const std::string& path,
                          Findings& findings) {
  std::unordered_map<std::string, const LabelledFile*> first;
  std::vector<std::string> repeated;
  for (const LabelledFile& file : found.files) {
    if (file.line == 0) return;  // no CSV file: every path is there once
    const auto [known, is_new] =
        first.emplace(std::filesystem::path(file.path).lexically_normal().string(), &file);
    if (is_new || same_targets(*known->second, file)) continue;
    const LabelledFile& before = *known->second;
    const std::string where = fmt::format("{}:{}: {}", path, file.line, file.path);
    if (kind == TargetKind::kClass) {
      throw DataError(fmt::format(
          "{} is '{}' here and '{}' in line {}. Remove one of the rows; an image with several "
          "labels "
          "needs one row with {}|{} and --set head.loss=binary_cross_entropy.",
          where, joined(file), joined(before), before.line, joined(before), joined(file)));
    }
    if (kind == TargetKind::kLabels) {
      throw DataError(fmt::format(
          "{} has the labels '{}' here and '{}' in line {}. Write all labels of an image into one "
          "row, separated by |.",
          where, joined(file), joined(before), before.line));
    }
    repeated.push_back(fmt::format("{} in lines {} and {}", file.path, before.line, file.line));
  }
  if (repeated.empty()) return;
  findings.warnings.push_back(
      fmt::format("{}: {} rows give an image other numbers than a row before: {}. Both are "
                  "learned; remove the wrong ones.",
                  path, repeated.size(), first_five(repeated)));
}

void check_copies(const LabelledFiles& found, const std::vector<std::int64_t>& groups,
                  const DataConfig& config, Findings& findings) {
  const bool has_folds = config.folds > 0;
  Leaks leaks;
  for (const Group& group : members_of(found, groups)) {
    findings.copies += static_cast<std::int64_t>(group.size()) - 1;
    add_leaks(group, has_folds, findings, leaks);
    for (const LabelledFile* file : group) {
      if (same_targets(*group.front(), *file)) continue;
      findings.copies_under_two_labels.push_back(pair_text(*group.front(), *file));
      break;
    }
  }
  if (!findings.copies_under_two_labels.empty()) {
    findings.warnings.push_back(fmt::format(
        "{}: {} with different targets, byte for byte the same: {}. Remove the wrong ones.",
        config.path,
        findings.copies_under_two_labels.size() == 1
            ? "1 image occurs"
            : fmt::format("{} images occur", findings.copies_under_two_labels.size()),
        first_five(findings.copies_under_two_labels)));
  }
  if (leaks.empty()) return;
  const std::string text =
      fmt::format("{}: {}, so the scores say less about new images: {}.", config.path,
                  leak_text(found, has_folds, leaks), first_five(findings.copies_across_splits));
  const bool is_idx = !found.files.empty() && found.files.front().array != nullptr;
  if (!config.allow_leakage && !is_idx) {
    throw DataError(
        fmt::format("{} Remove the copies from one of the splits, or train all the same with --set "
                    "data.allow_leakage=true (in a batch file `data: {{allow_leakage: true}}`).",
                    text));
  }
  findings.warnings.push_back(text);
}

}  // namespace transfer
