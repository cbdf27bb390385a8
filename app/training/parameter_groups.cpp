#include "app/training/parameter_groups.h"

#include <cmath>
#include <set>

namespace transfer {
namespace {

bool lies_below(const std::string& name, const std::string& path) {
  return path.empty() || name == path || name.starts_with(path + ".");
}

/// Position of the longest path that the name lies below, −1 if there is none.
std::int64_t innermost_stage(const std::string& name, const std::vector<std::string>& stages) {
  std::int64_t found = -1;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool longer =
        found < 0 || stages[i].size() > stages[static_cast<std::size_t>(found)].size();
    if (lies_below(name, stages[i]) && longer) found = static_cast<std::int64_t>(i);
  }
  return found;
}

bool decays(const NamedParameter& parameter) {
  const std::string& name = parameter.first;
  return parameter.second.dim() > 1 && name != "bias" && !name.ends_with(".bias");
}

/// Two groups per stage, with and without weight decay, in the order of parameter_groups().
std::vector<ParameterGroup> empty_groups(const std::vector<std::string>& stages,
                                         const std::string& head, const TrainConfig& config,
                                         double head_weight_decay) {
  const auto count = static_cast<std::int64_t>(stages.size());
  std::vector<ParameterGroup> groups;
  for (std::int64_t index = count; index >= 0; --index) {
    ParameterGroup group;
    group.stage_index = index;
    if (index == count) {
      group.stage = head;
      group.lr_multiple = config.head_lr_multiple;
      group.weight_decay = head_weight_decay;
    } else {
      group.stage = stages[static_cast<std::size_t>(index)];
      group.lr_multiple = std::pow(config.lr_decay, static_cast<double>(count - index));
      group.weight_decay = config.weight_decay;
    }
    groups.push_back(group);
    group.weight_decay = 0.0;
    groups.push_back(group);
  }
  return groups;
}

}  // namespace

std::vector<ParameterGroup> parameter_groups(const std::vector<NamedParameter>& parameters,
                                             const std::vector<std::string>& given_stages,
                                             const std::string& head, const TrainConfig& config,
                                             double head_weight_decay) {
  const auto stages = given_stages.empty() ? std::vector<std::string>{""} : given_stages;
  const auto count = static_cast<std::int64_t>(stages.size());
  auto groups = empty_groups(stages, head, config, head_weight_decay);
  std::set<const c10::TensorImpl*> seen;
  std::int64_t stage = 0;
  for (const NamedParameter& parameter : parameters) {
    if (!seen.insert(parameter.second.unsafeGetTensorImpl()).second) continue;
    const bool in_head = lies_below(parameter.first, head);
    if (!in_head) {
      const std::int64_t found = innermost_stage(parameter.first, stages);
      if (found >= 0) stage = found;
      if (stage < config.freeze_stages) continue;
    }
    const std::int64_t from_the_end = in_head ? 0 : count - stage;
    auto& group = groups[static_cast<std::size_t>(2 * from_the_end + (decays(parameter) ? 0 : 1))];
    group.names.push_back(parameter.first);
    group.parameters.push_back(parameter.second);
  }
  std::erase_if(groups, [](const ParameterGroup& group) { return group.parameters.empty(); });
  return groups;
}

}  // namespace transfer
