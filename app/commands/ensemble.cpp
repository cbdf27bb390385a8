#include "models/ensemble.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/model_output.h"
#include "app/preparation/model_trust.h"
#include "app/report/ensemble_score.h"
#include "configs/config.h"
#include "core/count_text.h"
#include "core/json_text.h"
#include "core/run_format.h"
#include "core/visible_text.h"
#include "models/model_path.h"
#include "models/temperature.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

struct EnsembleOptions {
  std::vector<std::string> models;
  std::string output;
  bool overwrite = false;
  bool json = false;
  std::string trust = Config{}.trust;
  std::string trust_file;
};

/// A new ensemble.
struct WrittenEnsemble {
  std::vector<ModelMetadata> members;
  EnsembleScore score;
};

std::string size_text(const ModelMetadata& metadata) {
  return fmt::format("{}x{}", metadata.preprocessing.height, metadata.preprocessing.width);
}

ordered_json score_json(const Score& score) {
  return {{"name", score.name.key}, {"value", score.value}};
}

std::string to_json(const WrittenEnsemble& ensemble, const EnsembleOptions& options) {
  ordered_json members = ordered_json::array();
  for (std::size_t i = 0; i < ensemble.members.size(); ++i) {
    const ModelMetadata& metadata = ensemble.members[i];
    ordered_json member = {
        {"path", options.models[i]},
        {"backbone", metadata.name},
        {"weights_sha256", metadata.weights_sha256},
        {"input_size", {metadata.preprocessing.height, metadata.preprocessing.width}},
        {"temperature", temperature_of(metadata)}};
    if (ensemble.score.ensemble) member["val"] = score_json(ensemble.score.members[i]);
    members.push_back(std::move(member));
  }
  ordered_json object = {{"format", kRunFormat},
                         {"output", options.output},
                         {"classes", ensemble.members.front().classes},
                         {"members", members}};
  if (ensemble.score.ensemble) {
    object["val"] = score_json(*ensemble.score.ensemble);
    object["val"]["images"] = ensemble.score.images;
  } else {
    object["no_score"] = ensemble.score.reason;
  }
  return json_text(object);
}

std::string to_text(const WrittenEnsemble& ensemble, const EnsembleOptions& options) {
  const EnsembleScore& score = ensemble.score;
  std::size_t width = std::string("ensemble").size();
  for (const std::string& path : options.models) width = std::max(width, path.size());
  std::string text = fmt::format("{:<{}}  {:<24}  {:<9}  {:>11}", "member", width, "backbone",
                                 "images", "temperature");
  if (score.ensemble)
    text += fmt::format("  {:>14}", fmt::format("val {}", score.ensemble->name.title));
  text += "\n";
  for (std::size_t i = 0; i < ensemble.members.size(); ++i) {
    const ModelMetadata& metadata = ensemble.members[i];
    text += fmt::format("{:<{}}  {:<24}  {:<9}  {:>11.3f}", options.models[i], width, metadata.name,
                        size_text(metadata), temperature_of(metadata));
    if (score.ensemble) {
      text += fmt::format("  {:>14}", score.members[i].name.value_text(score.members[i].value));
    }
    text += "\n";
  }
  if (score.ensemble) {
    text += fmt::format("{:<{}}  {:<24}  {:<9}  {:>11}  {:>14}\n", "ensemble", width, "", "", "",
                        score.ensemble->name.value_text(score.ensemble->value));
    text += fmt::format("scores: {}, as the runs' predictions_val.csv say\n",
                        count_text(static_cast<std::size_t>(score.images), "validation image"));
  } else {
    text += fmt::format("no score: {}. Measure it: transfer evaluate --model {} --data PATH\n",
                        score.reason, options.output);
  }
  return text + fmt::format("written to {}\n", options.output);
}

int run_ensemble(EnsembleOptions options) {
  check_model_output(options.output, options.overwrite);
  options.models = with_runs_below(options.models);
  std::vector<std::filesystem::path> files;
  for (const std::string& model : options.models) {
    require_finished_run(model);
    files.push_back(model_path(model));
  }
  refuse_repeated(options.models);
  WrittenEnsemble ensemble;
  ensemble.members =
      write_ensemble(files, options.output, model_trust(options.trust, options.trust_file));
  const ModelMetadata& first = ensemble.members.front();
  ensemble.score = score_ensemble(options.models, first.classes, first.objective);
  fmt::print("{}",
             options.json ? to_json(ensemble, options) : visible_lines(to_text(ensemble, options)));
  return 0;
}

CommandRun add_ensemble_flags(CLI::App& parser) {
  auto options = std::make_shared<EnsembleOptions>();
  parser
      .add_option("models", options->models,
                  "Run directories, their model.pt, or folders of runs, such as that of a batch")
      ->required();
  parser.add_option("--output", options->output, "Model to write, a name that ends in .pt")
      ->type_name("FILE")
      ->required();
  parser.add_flag("--overwrite", options->overwrite, "Replace the file if it is there already");
  parser.add_flag("--json", options->json, "JSON on stdout");
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_ensemble(*options); };
}

}  // namespace

Command ensemble_command() {
  return {"ensemble", "Join trained models to one that answers with the mean of their predictions",
          add_ensemble_flags};
}

}  // namespace transfer
