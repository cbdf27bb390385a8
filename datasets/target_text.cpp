#include "datasets/target_text.h"

#include <fmt/format.h>

namespace transfer {

std::string joined_labels(const std::vector<float>& targets,
                          const std::vector<std::string>& classes, const Objective& objective) {
  std::string text;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (targets[c] < objective.label_threshold(c)) continue;
    if (!text.empty()) text += "|";
    text += classes[c];
  }
  return text;
}

std::string target_text(const Sample& sample, const std::vector<std::string>& classes,
                        TargetKind kind) {
  if (kind == TargetKind::kClass) return classes[static_cast<std::size_t>(sample.label)];
  if (kind == TargetKind::kLabels) return joined_labels(sample.targets, classes);
  std::string text;
  for (std::size_t k = 0; k < classes.size(); ++k) {
    text += fmt::format("{}{} {:.6g}", k > 0 ? ", " : "", classes[k], sample.targets[k]);
  }
  return text;
}

}  // namespace transfer
