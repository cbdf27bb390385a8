#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/report/report_extras.h"
#include "app/report/run_pictures.h"

namespace transfer {

/// What a report is made of. Every text may hold any characters; the page shows them as text.
struct ReportContents {
  std::string title;
  /// See HtmlPage.
  std::string_view command = "train";
  /// Whether the model was trained on the images of the last split.
  enum class Seen { kNo, kPerhaps, kYes } seen = Seen::kNo;
  /// What was run: a title and a text each.
  std::vector<std::pair<std::string, std::string>> facts;
  /// A command that gives the same result again; "" for none.
  std::string repeat_command;
  /// The run's config.yaml; "" for none.
  std::string config;
  /// "validation" or "test" and the like, and what the model says of its images. All of them have
  /// headline scores; the last one is shown in detail.
  std::vector<std::pair<std::string, ShownSplit>> splits;
  /// metrics.jsonl of the training, the epoch that was kept and why training ended; "" for none.
  std::string metrics;
  std::int64_t best_epoch = 0;
  std::string ended_by;
  /// The text of advice.json; "" for none.
  std::string advice;
  /// See augmentation_examples(); null where training changed no images.
  nlohmann::ordered_json augmentation;
  /// See findings_object().
  nlohmann::ordered_json findings;
  /// "PATH: reason" of every image left out.
  std::vector<std::string> broken;
  std::uint64_t seed = 0;
  ReportExtras extras;
};

/// The data of the page, which its scripts read: app/report/page/report.js says what each key is
/// shown as. Throws Interrupted.
nlohmann::ordered_json report_data(const ReportContents& contents);

/// Writes the report as one self-contained page, whole or not at all. Throws OutputError and
/// Interrupted.
void write_html_report(const ReportContents& contents, const std::filesystem::path& file);

}  // namespace transfer
