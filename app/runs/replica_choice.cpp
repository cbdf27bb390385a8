#include "app/runs/replica_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "app/training/training_batches.h"
#include "app/training/training_step.h"
#include "app/training/unfreezing.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// Most steps of each side in a trial, and the seconds after which two are enough.
constexpr int kMostSteps = 4;
constexpr double kMostSeconds = 5;
/// In a run of fewer steps the trial would cost more than it could gain.
constexpr std::int64_t kFewestSteps = 20;
/// The upper limit of train.replicas.
constexpr std::int64_t kMostReplicas = 256;

/// Seconds of one step's forward and backward passes.
double seconds_of_step(TrainingStep& step, const Batch& batch) {
  throw_if_stopped();
  const Stopwatch clock;
  step.add(batch, 0);
  step.discard();
  return clock.seconds();
}

/// Fastest step of one copy with all threads and of `count` copies.
struct Trial {
  double one = std::numeric_limits<double>::infinity();
  double several = std::numeric_limits<double>::infinity();
};

Trial run_trial(TrainingStep& one, TrainingStep& several, const Batch& batch) {
  Trial trial;
  const Stopwatch clock;
  for (int i = 0; i < kMostSteps; ++i) {
    trial.one = std::min(trial.one, seconds_of_step(one, batch));
    trial.several = std::min(trial.several, seconds_of_step(several, batch));
    // The first steps of both sides are slower.
    if (i > 0 && clock.seconds() > kMostSeconds) break;
  }
  return trial;
}

std::int64_t number_by_trial(const Preparation& p, TrainingStep& one, TrainingStep& several,
                             TrainingInput& input) {
  const auto options =
      training_batches(p.config, p.preprocessing(), class_labels(p.dataset.train), p.threads, 0);
  const auto batches = static_cast<std::int64_t>(options.batches.size());
  if (batches * p.config.train.epochs < kFewestSteps) return 1;
  const auto batch = input.read(options)->next();
  const auto count = std::min({p.threads, batch->count, kMostReplicas});
  if (count < 2) return 1;
  try {
    several.use_replicas(count);
  } catch (const ModelError&) {
    return 1;  // cannot be copied
  }
  const Trial trial = run_trial(one, several, *batch);
  const std::int64_t number = trial.several < trial.one ? count : 1;
  note(
      "replicas: {} (a step takes {:.3f} s with one copy of the network and {}, "
      "{:.3f} s with {} copies of one thread)",
      number, trial.one, count_text(static_cast<std::size_t>(p.threads), "thread"), trial.several,
      count);
  return number;
}

}  // namespace

std::int64_t choose_replicas(const Preparation& p, const Loss& loss, TrainableNetwork& network,
                             TrainingInput& input) {
  const auto& given = p.config.train.replicas;
  if (given == 1) return 1;
  if (p.group->size() > 1) {
    if (given) {
      warn(
          "train.replicas has no effect where several processes train together: "
          "each trains one copy of the network.");
    }
    return 1;
  }
  if (p.device.is_cuda()) {
    if (given) warn("train.replicas has no effect on {}.", p.device.str());
    return 1;
  }
  if (!given && p.threads < 2) return 1;
  const auto make_step = [&] {
    return TrainingStep(network, p.config, network.classes(), loss, p.device, input.part());
  };
  TrainingStep step = make_step();
  step.use_teacher(input.teacher());
  const std::int64_t stages = stage_count(network);
  const std::int64_t first = stages_never_trained(p.config.train, stages);
  step.train_from(first);
  if (network.moves_statistics()) {
    if (!given) return 1;
    throw ConfigError(fmt::format(
        "train.replicas: found {}, but with train.batch_norm: {} each copy would normalise by its "
        "own part of a batch. Expected train.batch_norm: frozen or folded, or train.replicas: 1.",
        *given, name_of(p.config.train.batch_norm)));
  }
  if (given) return *given;
  TrainingStep several = make_step();
  several.use_teacher(input.teacher());
  several.train_from(first);
  return number_by_trial(p, step, several, input);
}

}  // namespace transfer
