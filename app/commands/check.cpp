#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/check/cleaned_data.h"
#include "app/check/data_check.h"
#include "app/check/data_fixes.h"
#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/preparation/reading_messages.h"
#include "app/report/check_page.h"
#include "app/report/check_report.h"
#include "app/report/run_place.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/folder_output.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "core/write_failure.h"
#include "datasets/labelled_files.h"
#include "models/strategy.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct CheckOptions {
  ConfigSources sources;
  /// As data.columns.
  std::vector<std::string> columns;
  bool no_features = false;
  bool json = false;
  /// Folder for check.html and check.json; empty writes none.
  std::string output;
  /// CSV file of fixes, and where the cleaned data goes.
  std::string apply;
  std::string to;
  bool link = false;
};

/// Throws OutputError where the folder cannot be made.
void require_folder(const std::string& folder) {
  const std::string reason = why_no_folder(folder);
  if (reason.empty()) return;
  throw OutputError(fmt::format("--output {}: {}. Expected a folder for check.html and check.json.",
                                folder, reason));
}

/// Throws DataError where nothing of the data can be used.
void require_some_readable(const DataCheck& check) {
  if (check.readable_images() > 0) return;
  throw DataError(fmt::format("{}: none of its images can be read ({}). The first: {}", check.path,
                              count_text(check.scans.size(), "image"), check.scans.front().broken));
}

int apply_fixes(const Config& config, const CheckOptions& options) {
  const TargetKind kind = objective_of(config).targets();
  const ListedData data = list_data(config.data, kind);
  report_reading(data.findings);
  const DataFixes fixes = read_fixes(options.apply, data, kind, config.data.path);
  const bool is_table = lower_case_ending(options.to) == ".csv";
  if (!is_table) require_outside_images("--to", options.to, config.data.path);
  if (is_table && options.link) {
    throw ConfigError("--link: a CSV file names the images where they are. Leave it out.");
  }
  const std::int64_t images =
      is_table ? write_cleaned_table(data, fixes, kind, options.to)
               : write_cleaned_folder(data, fixes, kind, options.to,
                                      options.link ? Transport::kLink : Transport::kCopy);
  if (options.json) {
    fmt::print("{}", json_text({{"format", kRunFormat},
                                {"to", options.to},
                                {"images", images},
                                {"dropped", fixes.dropped},
                                {"relabelled", fixes.relabelled}}));
  } else {
    fmt::print("{}: {}, {} dropped, {} relabelled\n", visible(options.to),
               count_text(static_cast<std::size_t>(images), "image"), fixes.dropped,
               fixes.relabelled);
  }
  return 0;
}

int run_check(const CheckOptions& options) {
  ConfigSources sources = options.sources;
  if (!options.columns.empty()) {
    sources.flags.emplace_back("data.columns",
                               fmt::format("[{}]", fmt::join(options.columns, ", ")));
  }
  const Config config = resolve_config(sources, strategy_choices());
  if (!options.apply.empty()) return apply_fixes(config, options);
  if (!options.output.empty()) {
    require_folder(options.output);
    require_outside_images("--output", options.output, config.data.path);
  }
  const DataCheck check =
      check_data(config, options.no_features ? CheckDepth::kPixels : CheckDepth::kFeatures);
  const std::string json = json_text(check_object(check));
  if (!options.output.empty()) {
    const fs::path folder = options.output;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw write_failure(folder, error.value());
    write_file_atomically(folder / "check.json", json);
    write_file_atomically(folder / "check.html", check_page(check));
    note("{}: open it in a browser, mark what to drop or relabel, and save the marks",
         (folder / "check.html").string());
  }
  fmt::print("{}", options.json ? json : check_text(check));
  require_some_readable(check);
  return 0;
}

CommandRun add_check_flags(CLI::App& parser) {
  auto options = std::make_shared<CheckOptions>();
  add_config_flags(parser, options->sources);
  add_machine_key_flags(parser, options->sources);
  parser
      .add_option("--columns", options->columns,
                  "Columns of a CSV file, as data.columns: path=NAME, label=NAME, split=NAME, "
                  "group=NAME")
      ->type_name("ROLE=NAME")
      ->delimiter(',');
  parser.add_flag(
      "--no-features", options->no_features,
      "Look at files and pixels alone, without a backbone: no label errors, no outliers");
  auto* output =
      parser
          .add_option("--output", options->output,
                      "Folder for check.html, on which images are marked, and check.json")
          ->type_name("FOLDER");
  auto* apply = parser
                    .add_option("--apply", options->apply,
                                "Write the data with the fixes of this CSV file (path, action: "
                                "drop, relabel or keep, label) to --to")
                    ->type_name("FILE")
                    ->excludes(output);
  auto* to = parser
                 .add_option("--to", options->to,
                             "A new folder for copies of the images, or FILE.csv, which names them "
                             "where they are")
                 ->type_name("FOLDER|FILE")
                 ->needs(apply);
  apply->needs(to);
  parser.add_flag("--link", options->link, "With --apply: hard links instead of copies")
      ->needs(apply);
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_check(*options); };
}

}  // namespace

Command check_command() {
  return {"check", "Look for faults in the data: copies, leaks, wrong labels, outliers, shortcuts",
          add_check_flags};
}

}  // namespace transfer
