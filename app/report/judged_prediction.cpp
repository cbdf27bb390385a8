#include "app/report/judged_prediction.h"

#include <algorithm>

#include "datasets/target_text.h"

namespace transfer {

JudgedPrediction judge(const Sample& sample, const std::vector<float>& probabilities,
                       const std::vector<std::string>& names, const Objective& objective) {
  if (objective.targets() == TargetKind::kClass) {
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    const auto position = best - probabilities.begin();
    return {names[static_cast<std::size_t>(position)], position == sample.label, *best};
  }
  JudgedPrediction judged{joined_labels(probabilities, names, objective)};
  for (std::size_t c = 0; c < names.size(); ++c) {
    const bool is_predicted = probabilities[c] >= objective.label_threshold(c);
    judged.is_correct = judged.is_correct && is_predicted == (sample.targets[c] >= 0.5F);
    judged.confidence *= is_predicted ? probabilities[c] : 1 - probabilities[c];
  }
  return judged;
}

}  // namespace transfer
