#include "app/commands/model_output.h"

#include <fmt/format.h>

#include <map>

#include "app/report/run_overview.h"
#include "app/report/summary.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/lower_case.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "models/model_path.h"

namespace transfer {

namespace fs = std::filesystem;

void check_model_output(const std::string& output, bool overwrite, const std::string& ending) {
  if (lower_case(fs::path(output).extension()) != ending) {
    throw ConfigError(fmt::format(
        "--output {}: expected the name of a model file, which ends in {}.", output, ending));
  }
  require_file_output(output);
  if (is_file(output) && !overwrite) {
    throw OutputError(
        fmt::format("{}: exists already. Give another name by --output, or --overwrite.", output));
  }
  const AtomicFile probe(output);
}

std::vector<std::string> with_runs_below(const std::vector<std::string>& given) {
  std::vector<std::string> runs;
  for (const std::string& path : given) {
    const bool is_run =
        is_file(fs::path(path) / run_file::kConfig) || is_file(fs::path(path) / run_file::kModel);
    if (!is_folder(path) || is_run) {
      runs.push_back(path);
      continue;
    }
    for (const fs::path& run : finished_runs(path)) {
      if (look_at_run(run).strategy == kEnsembleStrategy) {
        note("{}: joins several models already, so it is left out", run.string());
      } else {
        runs.push_back(run.string());
      }
    }
  }
  return runs;
}

void refuse_repeated(const std::vector<std::string>& given) {
  std::map<fs::path, std::string> known;
  for (const std::string& path : given) {
    std::error_code ignored;
    const auto place = fs::weakly_canonical(model_path(path), ignored);
    const auto [first, is_new] = known.emplace(place, path);
    if (is_new) continue;
    throw ConfigError(
        fmt::format("{}: is named twice{}, so it would count double. Name each model "
                    "once.",
                    path, first->second == path ? "" : ", also as " + first->second));
  }
}

}  // namespace transfer
