#include "app/runs/head_problem.h"

#include "app/training/weight_decay_search.h"

namespace transfer {

HeadProblem head_problem(const Preparation& p, const FeatureSet& train, const FeatureSet& val) {
  HeadProblem problem{train, val, static_cast<std::int64_t>(p.dataset.classes.size()),
                      measure_scaling(train)};
  problem.loss = training_loss(p.config, train.truth(), problem.classes, p.device);
  problem.head = p.config.head;
  problem.seed = static_cast<std::uint64_t>(p.config.seed);
  problem.device = p.device;
  return problem;
}

double chosen_weight_decay(const HeadProblem& problem, const StageProbing& known,
                           const std::string& cut) {
  const bool is_plain = problem.loss.label_smoothing == 0 && !problem.loss.class_weights.defined();
  const bool same_images = known.features.images.samples.size() == problem.train.samples.size();
  const ProbedStage* probed = known.find(cut);
  if (is_plain && same_images && probed != nullptr) return probed->weight_decay;
  return choose_weight_decay(problem).weight_decay;
}

}  // namespace transfer
