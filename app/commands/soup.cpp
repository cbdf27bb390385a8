#include "app/runs/soup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/commands/model_output.h"
#include "app/report/run_directory.h"
#include "app/runs/data_record.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/run_files.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "models/model_path.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

struct SoupOptions {
  std::vector<std::string> runs;
  std::string output;
  SoupMethod method = SoupMethod::kGreedy;
  bool overwrite = false;
  bool json = false;
  /// --device, --threads, --workers, --trust and --trust-file.
  ConfigSources flags;
};

/// Throws ConfigError unless these are two or more directories of finished runs, each once.
void require_runs(const std::vector<std::string>& runs) {
  for (const std::string& run : runs) {
    if (!is_folder(run)) {
      throw ConfigError(fmt::format(
          "{}: {}. Expected the directory of a finished run: its configuration and its validation "
          "images are needed beside its model.",
          run, is_file(run) ? "is a file" : why_absent(run, "folder")));
    }
    require_finished_run(run);
    model_path(run);  // throws where there is no model
    if (!is_file(std::filesystem::path(run) / run_file::kConfig)) {
      throw ConfigError(fmt::format("{}: holds a model but no {}, so it is no run directory.", run,
                                    run_file::kConfig));
    }
  }
  refuse_repeated(runs);
  if (runs.size() > 1) return;
  throw ConfigError(
      fmt::format("{}: is the only run, and the mean of one is itself. Expected two "
                  "or more.",
                  runs.front()));
}

ordered_json score_json(const Score& score) {
  return {{"name", score.name.key}, {"value", score.value}};
}

std::string to_json(const Soup& soup, const std::vector<SoupIngredient>& runs,
                    const SoupOptions& options) {
  ordered_json rows = ordered_json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    rows.push_back({{"path", runs[i].folder.string()},
                    {"val", score_json(runs[i].val)},
                    {"taken", static_cast<bool>(soup.taken[i])}});
  }
  ordered_json object = {
      {"format", kRunFormat}, {"output", options.output},    {"method", name_of(options.method)},
      {"runs", rows},         {"val", score_json(soup.val)}, {"temperature", soup.temperature}};
  object["val"]["images"] = soup.images;
  return json_text(object);
}

std::string to_text(const Soup& soup, const std::vector<SoupIngredient>& runs,
                    const SoupOptions& options) {
  std::size_t width = std::string("soup").size();
  for (const SoupIngredient& run : runs) width = std::max(width, run.folder.string().size());
  const auto row = [&](const std::string& name, const std::string& value,
                       const std::string& taken) {
    return fmt::format("{:<{}}  {:>14}  {}\n", name, width, value, taken);
  };
  std::string text = row("run", fmt::format("val {}", soup.val.name.title), "taken");
  for (std::size_t i = 0; i < runs.size(); ++i) {
    text += row(runs[i].folder.string(), runs[i].val.name.value_text(runs[i].val.value),
                soup.taken[i] ? "yes" : "no");
  }
  const auto taken = std::count(soup.taken.begin(), soup.taken.end(), true);
  text += row("soup", soup.val.name.value_text(soup.val.value),
              fmt::format("{} of {}", taken, runs.size()));
  if (taken == 1) text += "no other run's weights help the best one, so the soup is that run\n";
  return text + fmt::format("scores: {}\nwritten to {}\n",
                            count_text(static_cast<std::size_t>(soup.images), "validation image"),
                            options.output);
}

int run_soup(SoupOptions options) {
  check_model_output(options.output, options.overwrite);
  options.runs = with_runs_below(options.runs);
  require_runs(options.runs);
  const auto runs = read_ingredients(options.runs, options.flags);
  Config config = runs.front().config;
  // Nothing is trained here, so nobody teaches.
  config.train.teacher.clear();
  config.train.teacher_weight = TrainConfig{}.teacher_weight;
  config.train.teacher_temperature = TrainConfig{}.teacher_temperature;
  const Preparation preparation = prepare(config);
  require_same_data(preparation, RunDirectory::of_other_process(runs.front().folder));
  const Soup soup = write_soup(preparation, runs, options.method, options.output);
  fmt::print("{}", options.json ? to_json(soup, runs, options)
                                : visible_lines(to_text(soup, runs, options)));
  return 0;
}

CommandRun add_soup_flags(CLI::App& parser) {
  auto options = std::make_shared<SoupOptions>();
  parser
      .add_option("runs", options->runs,
                  "Run directories of layers trained from the same pretrained weights, or folders "
                  "of them, such as that of a batch")
      ->required();
  parser.add_option("--output", options->output, "Model to write, a name that ends in .pt")
      ->type_name("FILE")
      ->required();
  add_choice(parser, "--method", options->method,
             "greedy: from the best run on, those with which the validation score does not fall; "
             "uniform: all")
      ->default_str(std::string(name_of(options->method)));
  parser.add_flag("--overwrite", options->overwrite, "Replace the file if it is there already");
  parser.add_flag("--json", options->json, "JSON on stdout");
  add_machine_key_flags(parser, options->flags);
  add_trust_key_flags(parser, options->flags);
  return [options](const auto&) { return run_soup(*options); };
}

}  // namespace

Command soup_command() {
  return {"soup", "Average the weights of runs that began with the same pretrained weights",
          add_soup_flags};
}

}  // namespace transfer
