#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/compute/device.h"
#include "app/features/broken_images.h"
#include "app/features/model_logits.h"
#include "app/report/metrics_report.h"
#include "core/errors.h"
#include "datasets/dataset.h"

namespace transfer {
namespace {

/// The metrics with the split in front; "all" where the data names none.
void print_json(const std::string& split, const nlohmann::ordered_json& metrics) {
  nlohmann::ordered_json object = {{"split", split.empty() ? "all" : split}};
  object.update(metrics);
  fmt::print("{}\n", object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

int run_evaluate(const EvaluateOptions& options) {
  const auto device = choose_device(options.device);
  const auto threads = use_threads(options.threads);
  const Classifier model(options.model, device);
  const auto& classes = model.metadata().classes;
  const Objective& objective = model.metadata().objective;
  const auto [split, samples] =
      open_for_evaluation(options.data, options.split, classes, objective.targets());
  const auto result = model_logits(model, samples, device, threads, "evaluate");

  report_broken(result.broken);
  if (result.broken.size() == samples.size()) {
    throw DataError(
        fmt::format("{}: none of the {} images can be read.", options.data, samples.size()));
  }
  const auto metrics =
      measure(objective, result.logits, truth_of(samples, result.broken), options.top_k);
  if (options.json) {
    print_json(split, metrics_object(metrics, classes));
  } else {
    const std::string of = split.empty() ? "all images, those trained on perhaps included" : split;
    fmt::print("{}", metrics_text(fmt::format("evaluation ({})", of), metrics, classes));
  }
  return 0;
}

}  // namespace transfer
