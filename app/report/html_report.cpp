#include "app/report/html_report.h"

#include <algorithm>

#include "app/report/html_page.h"
#include "app/report/page_file.h"
#include "app/report/report_charts.h"
#include "app/report/report_images.h"
#include "app/report/report_scores.h"
#include "app/training/scored_images.h"
#include "core/atomic_file.h"
#include "core/json_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Class names and texts of a page stay useful only so far; whatever is longer is in the JSON files
/// of the run.
constexpr std::size_t kMostOnPage = 200;

ordered_json first_of(const std::vector<std::string>& texts) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(texts.size(), kMostOnPage));
  return std::vector<std::string>(texts.begin(), texts.begin() + count);
}

const char* task_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return "classes";
    case TargetKind::kLabels: return "labels";
    case TargetKind::kValues: break;
  }
  return "numbers";
}

const char* word_for(ReportContents::Seen seen) {
  switch (seen) {
    case ReportContents::Seen::kNo: return "no";
    case ReportContents::Seen::kPerhaps: return "perhaps";
    case ReportContents::Seen::kYes: break;
  }
  return "yes";
}

/// Lists of findings_object() as the page shows them: each at most so long, and its full length.
ordered_json shortened_findings(const ordered_json& findings) {
  ordered_json shortened = ordered_json::object();
  for (const auto& [key, value] : findings.items()) {
    if (!value.is_array()) {
      shortened[key] = value;
      continue;
    }
    ordered_json items = ordered_json::array();
    for (const auto& item : value) {
      if (items.size() < kMostOnPage) items.push_back(item);
    }
    shortened[key] = {{"count", value.size()}, {"items", items}};
  }
  return shortened;
}

void add_training(ordered_json& data, const ReportContents& contents) {
  data["epochs"] = epoch_lines(contents.metrics);
  data["best_epoch"] = contents.best_epoch;
  data["ended_by"] = contents.ended_by;
  data["augmentation"] = contents.augmentation;
  data["advice"] = contents.advice.empty() ? ordered_json(nullptr)
                                           : ordered_json::parse(contents.advice, nullptr,
                                                                 /*allow_exceptions=*/false);
}

void add_extras(ordered_json& data, const ReportExtras& extras) {
  if (!extras.calibration) return;
  data["calibration"] = {{"before", extras.calibration->before},
                         {"after", extras.calibration->after},
                         {"temperature", extras.calibration->temperature}};
}

}  // namespace

ordered_json report_data(const ReportContents& contents) {
  const auto& [shown_name, shown] = contents.splits.back();
  const TargetKind kind = shown.objective.targets();
  ordered_json data = {{"title", contents.title}, {"task", task_of(kind)}};
  data["facts"] = ordered_json::array();
  for (const auto& [title, text] : contents.facts) {
    data["facts"].push_back({{"title", title}, {"text", text}});
  }
  data["repeat"] = contents.repeat_command;
  data["config"] = contents.config;
  data["classes"] = shown.classes;
  data["split"] = shown_name;
  data["seen"] = word_for(contents.seen);
  for (const auto& [name, split] : contents.splits) {
    const ScoredImages images = scored_images(split.outputs, split.truth, split.objective);
    data["scores"].push_back({{"split", name},
                              {"images", images.images()},
                              {"resamples", affordable_resamples(images)},
                              {"loss", loss_of(split.metrics)},
                              {"rows", headline_scores(split.metrics, images, contents.seed)}});
    if (&split == &shown) data["charts"] = report_charts(split, images);
  }
  data["pictures"] = report_images(shown, contents.extras);
  add_training(data, contents);
  data["findings"] = shortened_findings(contents.findings);
  data["broken"] = {{"count", contents.broken.size()}, {"items", first_of(contents.broken)}};
  add_extras(data, contents.extras);
  return data;
}

void write_html_report(const ReportContents& contents, const std::filesystem::path& file) {
  const std::string style =
      std::string(page_file("page.css")) + std::string(page_file("report.css"));
  HtmlPage page;
  page.title = contents.title;
  page.command = contents.command;
  page.body = page_file("report.html");
  page.style = style;
  page.scripts = {page_file("chart.min.js"), page_file("elements.js"),
                  page_file("charts.js"),    page_file("report_images.js"),
                  page_file("confusion.js"), page_file("report_charts.js"),
                  page_file("report.js")};
  page.data = json_line(report_data(contents));
  write_file_atomically(file, to_html(page));
}

}  // namespace transfer
