#include <fmt/format.h>

#include <cstdio>

#include "app/commands/commands.h"
#include "app/compute/device.h"
#include "app/features/broken_pictures.h"
#include "app/features/model_logits.h"
#include "app/report/summary.h"
#include "core/errors.h"
#include "datasets/dataset.h"

namespace transfer {

int run_evaluate(const EvaluateOptions& options) {
  const auto device = choose_device(options.device);
  const auto threads = use_threads(options.threads);
  const Classifier model(options.model, device);
  const auto& classes = model.metadata().classes;
  const auto samples = open_for_evaluation(options.data, options.split, classes);
  const auto result = model_logits(model, samples, device, threads, "evaluate");

  report_broken(result.broken);
  if (result.broken.size() == samples.size()) {
    throw DataError(
        fmt::format("{}: none of the {} pictures can be read.", options.data, samples.size()));
  }
  const auto metrics =
      classification_metrics(result.logits, labels_of(samples, result.broken), options.top_k);
  fmt::print("{}", options.json ? metrics_json(metrics, classes)
                                : metrics_text("evaluation", metrics, classes));
  return 0;
}

}  // namespace transfer
