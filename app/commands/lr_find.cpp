#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/preparation/preparation.h"
#include "app/report/curve_plot.h"
#include "app/runs/learning_rate_run.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/json_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

struct LrFindOptions {
  ConfigSources sources;
  /// Files to write, without their endings `.csv` and `.png`.
  std::string file = "lr-find";
  std::int64_t steps = 100;
  bool json = false;
};

std::string curve_csv(const std::vector<SweepPoint>& points) {
  std::string csv = "learning_rate,loss,smoothed_loss\n";
  for (const SweepPoint& point : points) {
    csv += fmt::format("{:.6g},{:.6f},{:.6f}\n", point.rate, point.loss, point.smoothed_loss);
  }
  return csv;
}

void write_image(const std::vector<SweepPoint>& points, std::optional<double> suggestion,
                 const std::filesystem::path& file) {
  CurvePlot plot;
  for (const SweepPoint& point : points) {
    plot.x.push_back(point.rate);
    plot.y.push_back(point.smoothed_loss);
  }
  plot.x_title = "learning rate";
  plot.y_title = "smoothed training loss";
  plot.mark = suggestion;
  write_curve(plot, file);
}

int run_lr_find(const LrFindOptions& options) {
  ConfigSources sources = options.sources;
  sources.flags.insert(sources.flags.begin(),
                       {"strategy", std::string(name_of(StrategyKind::kFineTune))});
  const Config config = resolve_config(sources, strategy_names());
  if (config.backbone == kFlattenBackbone) {
    throw ConfigError(
        "lr-find: the backbone flatten has no layers to train. Expected a pretrained one, such as "
        "efficientnet-lite0.");
  }
  if (find_strategy(config.strategy).trunk_is_frozen) {
    throw ConfigError(fmt::format(
        "lr-find: the strategy {} has no learning rate to find: its head is fitted to convergence. "
        "Expected fine-tune or retrain.",
        config.strategy));
  }
  const Preparation p = prepare(config);
  const auto curve = sweep_training(p, options.steps);
  const auto suggestion = curve.suggestion();
  const std::string csv = options.file + ".csv";
  const std::string png = options.file + ".png";
  write_file_atomically(csv, curve_csv(curve.points()));
  write_image(curve.points(), suggestion, png);
  if (options.json) {
    nlohmann::ordered_json object = {{"suggestion", nullptr}, {"csv", csv}, {"png", png}};
    if (suggestion) object["suggestion"] = *suggestion;
    fmt::print("{}", json_text(object));
  } else if (suggestion) {
    fmt::print(
        "suggested train.lr: {:.2g} (a tenth of the rate beyond which the loss rises)\ncurve: {} "
        "{}\n",
        *suggestion, csv, png);
  } else {
    fmt::print(
        "no suggestion: the loss rises from the first rates on; try more --steps\ncurve: {} {}\n",
        csv, png);
  }
  return 0;
}

CommandRun add_lr_find_flags(CLI::App& parser) {
  auto options = std::make_shared<LrFindOptions>();
  parser
      .add_option_function<std::string>(
          "--strategy",
          [options](const std::string& name) {
            options->sources.flags.emplace_back("strategy", name);
          },
          "fine-tune or retrain")
      ->type_name("NAME")
      ->default_str(std::string(name_of(StrategyKind::kFineTune)));
  add_config_flags(parser, options->sources);
  add_batch_size_flag(parser, options->sources);
  add_machine_key_flags(parser, options->sources);
  parser.add_option("--output", options->file, "Writes FILE.csv and FILE.png")
      ->type_name("FILE")
      ->capture_default_str();
  parser.add_option("--steps", options->steps, "Training steps")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(10, 10000));
  parser.add_flag("--json", options->json, "JSON on stdout");
  return [options](const auto&) { return run_lr_find(*options); };
}

}  // namespace

Command lr_find_command() {
  return {"lr-find", "Train a few steps at growing learning rates and suggest train.lr",
          add_lr_find_flags};
}

}  // namespace transfer
