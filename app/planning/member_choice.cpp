#include "app/planning/member_choice.h"

#include <torch/torch.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "models/ensemble.h"

namespace transfer {
namespace {

/// What these candidates say together, and how that does.
ChosenMembers together(const CandidateSearch& search, std::vector<std::size_t> positions) {
  std::vector<torch::Tensor> outputs;
  for (const std::size_t position : positions) {
    outputs.push_back(search.tried[position].answers.outputs);
  }
  const Loss& loss = search.loss;
  const Truth& truth = search.tried[positions.front()].answers.truth;
  const auto mean = mean_outputs(outputs, loss.objective.targets());
  ChosenMembers chosen{std::move(positions)};
  chosen.loss = loss.sum(mean, truth).item<double>() / loss.weight(truth);
  chosen.score = estimate_score(loss.objective, loss.target_scaling.in_units(mean), truth);
  return chosen;
}

}  // namespace

ChosenMembers choose_members(const CandidateSearch& search, std::size_t most) {
  ChosenMembers chosen = together(search, {search.best});
  const auto images = search.winner().answers.truth.rows();
  while (chosen.positions.size() < most) {
    std::optional<ChosenMembers> next;
    for (std::size_t i = 0; i < search.tried.size(); ++i) {
      const auto& taken = chosen.positions;
      const bool is_taken = std::find(taken.begin(), taken.end(), i) != taken.end();
      const bool sees_alike = search.tried[i].candidate.resize == search.winner().candidate.resize;
      if (is_taken || !sees_alike) continue;
      std::vector<std::size_t> with = taken;
      with.push_back(i);
      ChosenMembers tried = together(search, std::move(with));
      if (!next || tried.loss < next->loss) next = std::move(tried);
    }
    if (!next || !is_clearly_better(next->loss, chosen.loss, images)) break;
    chosen = std::move(*next);
  }
  return chosen;
}

}  // namespace transfer
