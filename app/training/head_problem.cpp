#include "app/training/head_problem.h"

namespace transfer {

HeadProblem head_problem(const Config& config, std::int64_t classes, torch::Device device,
                         const FeatureSet& train, const FeatureSet& val) {
  HeadProblem problem{train, val, classes, measure_scaling(train)};
  problem.loss = training_loss(config, train.truth(), classes, device);
  problem.head = config.head;
  problem.seed = static_cast<std::uint64_t>(config.seed);
  problem.device = device;
  return problem;
}

}  // namespace transfer
