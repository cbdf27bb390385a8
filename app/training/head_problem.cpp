#include "app/training/head_problem.h"

namespace transfer {

HeadProblem head_problem(const Config& config, std::int64_t classes, torch::Device device,
                         const FeatureSet& train, const FeatureSet& val,
                         const std::vector<std::int64_t>& widths) {
  HeadProblem problem{train, val, classes, measure_block_scaling(train, widths)};
  problem.loss = training_loss(config, train.truth(), classes, device);
  problem.head = config.head;
  problem.seed = static_cast<std::uint64_t>(config.seed);
  problem.device = device;
  return problem;
}

HeadProblem head_problem(const Config& config, std::int64_t classes, torch::Device device,
                         const FeatureSet& train, const FeatureSet& val) {
  return head_problem(config, classes, device, train, val, {train.views.front().dimension()});
}

}  // namespace transfer
