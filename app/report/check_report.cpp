#include "app/report/check_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/report/findings_report.h"
#include "core/count_text.h"
#include "core/display_width.h"
#include "core/run_format.h"
#include "core/text_table.h"
#include "core/visible_text.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

constexpr const char* kSplits[] = {"train", "val", "test", ""};

/// Images of each class in each split; targets that are no single class count nowhere.
std::map<std::string, std::vector<std::int64_t>> class_counts(const DataCheck& check) {
  std::map<std::string, std::vector<std::int64_t>> counts;
  for (const char* split : kSplits) counts[split].resize(check.data.classes.size(), 0);
  for (std::size_t i = 0; i < check.data.samples.size(); ++i) {
    const Sample& sample = check.data.samples[i];
    auto& of_split = counts[check.data.splits[i]];
    if (check.kind == TargetKind::kClass) ++of_split[static_cast<std::size_t>(sample.label)];
    for (std::size_t k = 0; check.kind == TargetKind::kLabels && k < sample.targets.size(); ++k) {
      of_split[k] += sample.targets[k] > 0 ? 1 : 0;
    }
  }
  return counts;
}

bool has_split(const DataCheck& check, const std::string& split) {
  const auto& splits = check.data.splits;
  return std::find(splits.begin(), splits.end(), split) != splits.end();
}

ordered_json spread_object(const SizeSpread& spread) {
  return {{"smallest", spread.smallest}, {"median", spread.median}, {"largest", spread.largest}};
}

ordered_json classes_array(const DataCheck& check) {
  auto classes = ordered_json::array();
  if (check.kind == TargetKind::kValues) return classes;
  const auto counts = class_counts(check);
  for (std::size_t c = 0; c < check.data.classes.size(); ++c) {
    ordered_json entry = {{"name", check.data.classes[c]}};
    for (const std::string split : kSplits) {
      if (has_split(check, split)) entry[split.empty() ? "images" : split] = counts.at(split)[c];
    }
    classes.push_back(entry);
  }
  return classes;
}

ordered_json finding_object(const Finding& finding, const DataCheck& check) {
  const ListedData& data = check.data;
  ordered_json object = {
      {"fault", name_of(finding.fault)},
      {"path", data.samples[finding.image].path},
      {"split", data.splits[finding.image]},
      {"target", target_text(data.samples[finding.image], data.classes, check.kind)},
      {"score", finding.score}};
  if (finding.other) {
    object["other"] = data.samples[*finding.other].path;
    object["other_split"] = data.splits[*finding.other];
    object["other_target"] = target_text(data.samples[*finding.other], data.classes, check.kind);
  }
  if (finding.suggested) {
    object["suggested"] = data.classes[static_cast<std::size_t>(*finding.suggested)];
  }
  if (finding.fault == Fault::kBroken) object["reason"] = check.scans[finding.image].broken;
  return object;
}

std::map<Fault, std::int64_t> fault_counts(const DataCheck& check) {
  std::map<Fault, std::int64_t> counts;
  for (const Finding& finding : check.findings) ++counts[finding.fault];
  return counts;
}

std::string class_table(const DataCheck& check) {
  constexpr std::size_t kMostRows = 40;
  constexpr std::size_t kWidestName = 40;
  std::vector<TableColumn> columns = {{"class"}};
  for (const std::string split : kSplits) {
    if (has_split(check, split)) columns.push_back({split.empty() ? "images" : split, true});
  }
  const auto counts = class_counts(check);
  std::vector<std::vector<std::string>> rows;
  const std::size_t shown = std::min(check.data.classes.size(), kMostRows);
  for (std::size_t c = 0; c < shown; ++c) {
    std::vector<std::string> row = {shortened(visible(check.data.classes[c]), kWidestName)};
    for (const std::string split : kSplits) {
      if (has_split(check, split)) row.push_back(fmt::format("{}", counts.at(split)[c]));
    }
    rows.push_back(row);
  }
  const std::size_t left = check.data.classes.size() - shown;
  return text_table(columns, rows) + (left > 0 ? fmt::format("and {} more\n", left) : "") + "\n";
}

std::string findings_text(const DataCheck& check) {
  constexpr std::int64_t kShown = 3;
  std::string text;
  std::map<Fault, std::int64_t> shown;
  const auto counts = fault_counts(check);
  for (const Finding& finding : check.findings) {
    const std::int64_t position = shown[finding.fault]++;
    if (position == 0) {
      text += fmt::format("{}: {}. {}\n", title_of(finding.fault), counts.at(finding.fault),
                          advice_on(finding.fault));
    }
    const std::int64_t left = counts.at(finding.fault) - kShown;
    if (position == kShown) text += fmt::format("  and {} more (--output shows all)\n", left);
    if (position >= kShown) continue;
    const std::string more = explain(finding, check);
    text += fmt::format("  {}{}{}\n", visible(check.data.samples[finding.image].path),
                        more.empty() ? "" : ": ", visible(more));
  }
  return text.empty() ? "no faults found in single images\n" : text;
}

std::vector<std::string> shortcut_lines(const DataCheck& check) {
  std::vector<std::string> lines;
  for (const Shortcut& shortcut : check.shortcuts) {
    if (!shortcut.is_suspicious()) continue;
    lines.push_back(fmt::format(
        "Shortcut: {} alone tells the class of {:.0f} % of the images (guessing: {:.0f} %). A "
        "network may learn it instead of the picture.",
        shortcut.name == "colour" ? "the mean colour" : "the " + shortcut.name,
        100 * shortcut.accuracy, 100 * shortcut.chance));
  }
  return lines;
}

std::string size_text(const DataCheck& check) {
  const SizeSummary& sizes = check.sizes;
  return fmt::format(
      "Sizes: {:.0f} to {:.0f} pixels wide (median {:.0f}), {:.0f} to {:.0f} high (median {:.0f}); "
      "aspect ratio up to {:.1f}. A crop to {} × {} cuts off {:.0f} % of an image (median), at "
      "most {:.0f} %{}.",
      sizes.width.smallest, sizes.width.largest, sizes.width.median, sizes.height.smallest,
      sizes.height.largest, sizes.height.median, sizes.aspect_ratio.largest,
      check.preprocessing.width, check.preprocessing.height, 100 * sizes.cut_off.median,
      100 * sizes.cut_off.largest,
      sizes.cut_off.largest > 0.5 ? "; data.resize=pad keeps all of it" : "");
}

}  // namespace

const char* title_of(Fault fault) {
  switch (fault) {
    case Fault::kBroken: return "images that cannot be read";
    case Fault::kLeak: return "images that are also in another split";
    case Fault::kTwoLabels: return "pictures with two labels";
    case Fault::kLabelError: return "probable label errors";
    case Fault::kExactDuplicate: return "exact duplicates";
    case Fault::kNearDuplicate: return "near duplicates";
    case Fault::kOutlier: return "outliers";
    case Fault::kOneShade: return "nearly constant images";
    case Fault::kDark: return "dark images";
    case Fault::kBlurry: return "blurry images";
    case Fault::kCropped: return "images of which the crop cuts off more than half";
    case Fault::kOtherEnding: return "files whose ending belongs to another format";
  }
  return "";
}

const char* advice_on(Fault fault) {
  switch (fault) {
    case Fault::kBroken: return "Training leaves them out.";
    case Fault::kLeak: return "Scores on them say nothing about new images; drop one of the two.";
    case Fault::kTwoLabels: return "At most one of the labels is right.";
    case Fault::kLabelError: return "Look at each; the suggestion may be wrong.";
    case Fault::kExactDuplicate: return "The same file again, byte for byte.";
    case Fault::kNearDuplicate: return "The same picture saved anew, resized or cropped.";
    case Fault::kOutlier: return "They are like no other image; do they belong to the data?";
    case Fault::kOneShade: return "They show hardly anything.";
    case Fault::kDark: return "Nearly all of them is black.";
    case Fault::kBlurry: return "They have no fine detail.";
    case Fault::kCropped: return "data.resize=pad or stretch keeps the whole image.";
    case Fault::kOtherEnding: return "They are read by their content.";
  }
  return "";
}

std::string explain(const Finding& finding, const DataCheck& check) {
  const ListedData& data = check.data;
  if (finding.fault == Fault::kBroken) {
    const std::string& reason = check.scans[finding.image].broken;
    const std::string path = data.samples[finding.image].path + ": ";
    return reason.starts_with(path) ? reason.substr(path.size()) : reason;
  }
  if (finding.suggested) {
    return fmt::format("is '{}', looks like '{}'",
                       target_text(data.samples[finding.image], data.classes, check.kind),
                       data.classes[static_cast<std::size_t>(*finding.suggested)]);
  }
  if (!finding.other) return "";
  if (finding.fault != Fault::kTwoLabels) {
    return "the same picture as " + data.samples[*finding.other].path;
  }
  return fmt::format("is '{}', and {} is '{}'",
                     target_text(data.samples[finding.image], data.classes, check.kind),
                     data.samples[*finding.other].path,
                     target_text(data.samples[*finding.other], data.classes, check.kind));
}

ordered_json check_object(const DataCheck& check) {
  ordered_json counts;
  const auto found = fault_counts(check);
  for (std::size_t f = 0; f < kNames<Fault>.size(); ++f) {
    const auto fault = static_cast<Fault>(f);
    counts[std::string(name_of(fault))] = found.contains(fault) ? found.at(fault) : 0;
  }
  auto shortcuts = ordered_json::array();
  for (const Shortcut& shortcut : check.shortcuts) {
    shortcuts.push_back({{"name", shortcut.name},
                         {"balanced_accuracy", shortcut.accuracy},
                         {"chance", shortcut.chance},
                         {"suspicious", shortcut.is_suspicious()}});
  }
  auto findings = ordered_json::array();
  for (const Finding& finding : check.findings) findings.push_back(finding_object(finding, check));
  return {{"format", kRunFormat},
          {"data", check.path},
          {"images", check.data.samples.size()},
          {"backbone", check.backbone.empty() ? ordered_json() : ordered_json(check.backbone)},
          {"classes", classes_array(check)},
          {"sizes",
           {{"width", spread_object(check.sizes.width)},
            {"height", spread_object(check.sizes.height)},
            {"aspect_ratio", spread_object(check.sizes.aspect_ratio)},
            {"cut_off", spread_object(check.sizes.cut_off)},
            {"input", {check.preprocessing.height, check.preprocessing.width}}}},
          {"counts", counts},
          {"shortcuts", shortcuts},
          {"findings", findings},
          {"reading", findings_object(check.data.findings)},
          {"notes", check.notes}};
}

std::vector<std::string> check_summary(const DataCheck& check) {
  std::vector<std::string> lines;
  if (check.readable_images() > 0) lines.push_back(size_text(check));
  for (std::string& line : shortcut_lines(check)) lines.push_back(std::move(line));
  for (const std::string& warning : check.data.findings.warnings) lines.push_back(warning);
  for (const std::string& note : check.notes) lines.push_back("Note: " + note);
  return lines;
}

std::string check_text(const DataCheck& check) {
  std::string text = fmt::format("{}: {}\n\n", visible(check.path),
                                 count_text(check.data.samples.size(), "image"));
  if (check.kind != TargetKind::kValues) text += class_table(check);
  if (check.readable_images() > 0) text += size_text(check) + "\n\n";
  text += findings_text(check);
  for (const std::string& line : shortcut_lines(check)) text += visible(line) + "\n";
  for (const std::string& note : check.notes) text += visible("Note: " + note) + "\n";
  return text;
}

}  // namespace transfer
