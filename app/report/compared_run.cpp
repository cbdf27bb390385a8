#include "app/report/compared_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/report/run_overview.h"
#include "configs/fields.h"
#include "configs/working_directory.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/run_format.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// Settings that say where a run lies and not what it is.
bool is_compared(const std::string& key) { return key != "out" && key != "overwrite"; }

void read_settings(ComparedRun& run) {
  const fs::path file = run.path / run_file::kConfig;
  if (!is_file(file)) return;
  Config config;
  std::vector<std::string> keys;
  for (const Field& field : fields_of(config)) {
    if (is_compared(field.key)) keys.push_back(field.key);
  }
  const auto values = glance_at_config(file, keys);
  for (std::size_t i = 0; i < keys.size(); ++i) run.settings.emplace_back(keys[i], values[i]);
}

TargetKind kind_of(const nlohmann::ordered_json& summary) {
  const auto loss = parse_name<LossKind>(summary.at("loss").get<std::string>());
  return Objective{loss.value_or(LossKind::kCrossEntropy)}.targets();
}

ComparedRun read_run(const fs::path& path) {
  ComparedRun run;
  run.path = path;
  const fs::path file = path / run_file::kSummary;
  try {
    run.summary = nlohmann::ordered_json::parse(read_file(file));
    require_run_format(nlohmann::json(run.summary), file,
                       "Train again: " + train_again_command(path));
    run.classes = run.summary.at("classes").get<std::vector<std::string>>();
    run.kind = kind_of(run.summary);
    run.summary.at("val");
  } catch (const nlohmann::json::exception&) {
    throw DataError(fmt::format("{}: is damaged, or not the summary of a run. Train again: {}",
                                file.string(), train_again_command(path)));
  }
  if (is_file(path / run_file::kMetrics)) run.metrics = read_file(path / run_file::kMetrics);
  read_settings(run);
  return run;
}

/// Whether the run's data may have an image twice, as a CSV file may.
bool may_repeat_images(const ComparedRun& run) {
  const auto path = std::find_if(run.settings.begin(), run.settings.end(),
                                 [](const auto& setting) { return setting.first == "data.path"; });
  return path == run.settings.end() || fs::path(path->second).has_extension();
}

/// Throws DataError where the table has not the images that the summary counts, each once.
void require_all_rows(const ComparedRun& run, const fs::path& file) {
  const auto& metrics = run.summary.at(run.split);
  const auto expected = metrics.find("images");
  const std::int64_t found = run.predictions->images.images();
  std::set<std::string> known;
  for (const std::string& path : run.predictions->paths) {
    if (known.insert(path).second || may_repeat_images(run)) continue;
    throw DataError(fmt::format(
        "{}: has a row of {} twice, expected one for each image. Repeat the run or leave "
        "it out.",
        file.string(), path));
  }
  if (expected != metrics.end() && *expected == found) return;
  throw DataError(
      fmt::format("{}: has rows of {}, expected {} as in {}: the file was cut off or changed. "
                  "Repeat the run or "
                  "leave it out.",
                  file.string(), count_text(static_cast<std::size_t>(found), "image"),
                  expected == metrics.end() ? "none" : expected->dump(), run_file::kSummary));
}

void read_split(ComparedRun& run, const std::string& split) {
  if (!run.summary.contains(split)) {
    throw ConfigError(
        fmt::format("--split {}: {} was not measured on {} images. Leave --split out, "
                    "or evaluate the model: transfer evaluate --model {}",
                    split, run.path.string(), split, run.path.string()));
  }
  run.split = split;
  const fs::path file =
      run.path / (split == "test" ? run_file::kTestPredictions : run_file::kPredictions);
  if (!is_file(file)) return;
  const fs::path config = run.path / run_file::kConfig;
  const auto folder = is_file(config) ? glance_at_config(config, {kWorkingDirectory}).front() : "";
  run.predictions = read_predictions(file, run.classes, run.kind, folder);
  require_all_rows(run, file);
}

}  // namespace

std::vector<ComparedRun> read_compared_runs(const std::vector<std::string>& folders,
                                            std::string split) {
  std::vector<ComparedRun> runs;
  std::set<fs::path> known;
  for (const std::string& folder : folders) {
    for (const fs::path& path : finished_runs(folder)) {
      if (known.insert(fs::weakly_canonical(path)).second) {
        runs.push_back(read_run(path));
      } else {
        note("{}: is named twice and counts once", path.string());
      }
    }
  }
  if (split.empty()) {
    const bool all_have_test = std::all_of(runs.begin(), runs.end(), [](const ComparedRun& run) {
      return run.summary.contains("test");
    });
    split = all_have_test ? "test" : "val";
  }
  for (ComparedRun& run : runs) read_split(run, split);
  return runs;
}

}  // namespace transfer
