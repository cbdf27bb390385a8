#include "app/runs/fitted_start.h"

#include "app/compute/device.h"
#include "app/features/feature_store.h"
#include "app/training/head_fit.h"

namespace transfer {

FittedStart fit_head_to_frozen_features(const Preparation& p,
                                        const std::filesystem::path& feature_store,
                                        const StageProbes& known) {
  const FrozenTrunk trunk(p.backbone, {""}, p.device, p.config.compute.fusion);
  FeatureStore store(p.backbone, trunk, p.config, feature_store, p.device, p.threads);
  const auto known_set = known.features.of(means_of({""}));
  if (known_set) store.reuse(*known_set);
  const FeatureSet train = store.extract(p.dataset.train, "head's start", 0);
  if (!p.group->is_rank0()) return {std::nullopt, train.broken};
  HeadProblem problem = head_problem(p.config, p.classes(), p.device, train, train);
  use_threads_for(train.rows() * trunk.dimension() * problem.classes, p.threads);
  if (p.config.head.hidden.empty()) {
    problem.options.patience = 0;
    problem.weight_decay = chosen_weight_decay(problem, known, "");
  } else {
    problem.options.optimizer = Optimizer::kAdamW;
    problem.weight_decay = p.config.head.weight_decay.value_or(0.0);
  }
  FittedStart start{fit_head(problem).head, train.broken};
  use_threads(p.threads);
  return start;
}

HeadBeginning start_head(const Preparation& p, const std::filesystem::path& feature_store,
                         const TargetScaling& scaling, const StageProbes& known,
                         TrainableNetwork& network) {
  if (p.config.head.start != HeadStart::kFitted || p.config.train.from_scratch) return {};
  auto fitted = fit_head_to_frozen_features(p, feature_store, known);
  if (fitted.head) network.set_head(scaling.scaled(*fitted.head));
  return {true, std::move(fitted.broken)};
}

}  // namespace transfer
