#include "app/runs/head_problem.h"

namespace transfer {

HeadProblem head_problem(const Preparation& p, const FeatureSet& train, const FeatureSet& val) {
  HeadProblem problem{train, val, static_cast<std::int64_t>(p.dataset.classes.size()),
                      measure_scaling(train)};
  problem.loss = training_loss(p.config, train.truth(), problem.classes, p.device);
  problem.seed = static_cast<std::uint64_t>(p.config.seed);
  problem.device = p.device;
  problem.threads = p.threads;
  return problem;
}

}  // namespace transfer
