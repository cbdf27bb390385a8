#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/commands/flag_checks.h"
#include "app/report/html_page.h"
#include "app/report/run_comparison.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/json_text.h"
#include "core/lower_case.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  std::vector<std::string> runs;
  /// `val` or `test`; empty: the test images where all runs have them.
  std::string split;
  bool json = false;
  /// The page.
  std::string output = "compare.html";
};

/// Finds out before the work whether the page can be written. Throws ConfigError for a name that
/// promises another format, and OutputError.
void check_page(const std::string& output) {
  const std::string ending = lower_case(fs::path(output).extension());
  if (ending != ".html" && ending != ".htm") {
    throw ConfigError(
        fmt::format("--output {}: the comparison is a page. Give a name that ends in "
                    ".html.",
                    output));
  }
  require_file_output(output);
  const fs::path folder = folder_of(output);
  if (const std::string reason = why_no_folder(folder); !reason.empty()) {
    throw OutputError(fmt::format(
        "--output {}: its folder cannot be written to: {}. Choose another one.", output, reason));
  }
  if (is_file(output) && !is_page_of(output, kCompare)) {
    throw OutputError(fmt::format(
        "--output {}: is there already and is no page of compare. Give another name, or remove it.",
        output));
  }
  if (is_folder(folder)) const AtomicFile probe(output);
}

int run_compare(const CompareOptions& options) {
  check_page(options.output);
  const std::vector<ComparedRun> runs = read_compared_runs(options.runs, options.split);
  if (runs.size() < 2) {
    throw ConfigError(
        fmt::format("compare: {} is the only finished run. Name two or more run directories, or a "
                    "folder that holds them.",
                    runs.front().path.string()));
  }
  const std::vector<RunComparison> comparisons = compare_runs(runs);
  std::error_code error;
  fs::create_directories(folder_of(options.output), error);
  if (error) throw write_failure(folder_of(options.output), error.value());
  write_comparison_page(comparisons, options.output);
  if (options.json) {
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    for (const RunComparison& comparison : comparisons) array.push_back(to_json(comparison));
    fmt::print("{}", json_text({{"comparisons", array}, {"page", options.output}}));
  } else {
    fmt::print(
        "{}", visible_lines(to_text(comparisons) + fmt::format("written to {}\n", options.output)));
  }
  return 0;
}

CommandRun add_compare_flags(CLI::App& parser) {
  auto options = std::make_shared<CompareOptions>();
  parser
      .add_option("runs", options->runs,
                  "Run directories, or folders of them such as that of a batch")
      ->required();
  parser
      .add_option("--split", options->split,
                  "val or test; without it the test images, where all runs have been measured on "
                  "some")
      ->type_name("NAME")
      ->check(one_of({"val", "test"}));
  parser
      .add_option("--output", options->output,
                  "Page to write; an earlier page of compare there is replaced")
      ->type_name("FILE")
      ->capture_default_str();
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_compare(*options); };
}

}  // namespace

Command compare_command() {
  return {"compare", "Compare finished runs: scores with intervals, tests, curves and settings",
          add_compare_flags};
}

}  // namespace transfer
