#include "app/runs/block_heads.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/compute/device.h"
#include "app/training/block_choice.h"
#include "app/training/weight_decay_search.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Says which sets of blocks the head is fitted to, and with --verbose how all of them do.
void report(const std::vector<ScoredBlocks>& sets, const Objective& objective) {
  const ScoreName name = estimated_score_name(objective);
  for (const ScoredBlocks& set : sets) {
    const std::string text = fmt::format(
        "features: {}: cross-validated loss {:.4f}, {} {}, weight {:.2f}", set.title, set.loss,
        name.title, name.text(set.score.value, set.score.standard_error), set.weight);
    if (set.weight > 0) {
      note("{}", text);
    } else {
      note_detail("{}", text);
    }
  }
}

/// The blocks of all sets that have a weight, in order.
std::vector<std::size_t> blocks_used(const std::vector<ScoredBlocks>& sets) {
  std::set<std::size_t> used;
  for (const ScoredBlocks& set : sets) {
    if (set.weight > 0) used.insert(set.blocks.begin(), set.blocks.end());
  }
  return {used.begin(), used.end()};
}

std::vector<std::size_t> positions_in(const std::vector<std::size_t>& blocks,
                                      const std::vector<std::size_t>& all) {
  std::vector<std::size_t> positions;
  for (const std::size_t block : blocks) {
    const auto found = std::lower_bound(all.begin(), all.end(), block);
    positions.push_back(static_cast<std::size_t>(found - all.begin()));
  }
  return positions;
}

/// Copies chosen columns of the validation images into memory, where they are few enough: every
/// iteration of a fit reads them all.
void keep_in_memory(FeatureSet& val) {
  constexpr std::int64_t kMostBytes = std::int64_t{1} << 29;
  FeatureTable& table = val.views.front();
  if (table.rows() * table.format().bytes() <= kMostBytes) table = table.copy_in_memory();
}

/// Adds a linear head on some columns, times its weight, to one on all of them.
void add_head(Head& sum, const Head& head, const torch::Tensor& columns, double weight) {
  sum.last().weight.index_add_(1, columns, head.last().weight.cpu() * weight);
  sum.last().bias.add_(head.last().bias.cpu(), weight);
}

}  // namespace

FittedHead fit_heads_on_blocks(const Preparation& p, SplitFeatures& features,
                               const std::function<HeadProblem(const SplitFeatures&)>& problem_of,
                               Summary& summary) {
  const bool is_linear = p.config.head.hidden.empty();
  use_threads(p.threads);
  auto sets = score_blocks(problem_of(features), features.blocks, features.widths, p.threads);
  weigh(sets, is_linear);
  report(sets, p.objective());
  const auto used = blocks_used(sets);
  features = with_blocks(features, used);
  const auto best = std::max_element(
      sets.begin(), sets.end(),
      [](const ScoredBlocks& a, const ScoredBlocks& b) { return a.weight < b.weight; });

  std::optional<FittedHead> result;
  Head sum = linear_head(torch::zeros({p.classes(), features.train.views.front().dimension()}),
                         torch::zeros({p.classes()}));
  for (auto set = sets.begin(); set != sets.end(); ++set) {
    if (set->weight == 0) continue;
    const auto positions = positions_in(set->blocks, used);
    SplitFeatures part = with_blocks(features, positions);
    keep_in_memory(part.val);
    HeadProblem problem = problem_of(part);
    if (!p.config.head.weight_decay) {
      if (!set->weight_decay) set->weight_decay = choose_weight_decay(problem).weight_decay;
      problem.weight_decay = *set->weight_decay;
    }
    if (set != best) problem.on_epoch = {};
    FittedHead fitted = fit_head(problem);
    if (is_linear) add_head(sum, fitted.head, columns_of(positions, features.widths), set->weight);
    if (set != best) continue;
    summary.weight_decay = problem.weight_decay;
    result = std::move(fitted);
  }
  if (is_linear) result->head = sum;
  summary.weight_decay_is_chosen = !p.config.head.weight_decay;
  summary.best_epoch = result->best_epoch;
  summary.epochs = result->epochs;
  summary.end = result->end;
  for (const FeatureBlock& block : features.blocks) summary.blocks.push_back(block_title(block));
  summary.block_sets = std::move(sets);
  return std::move(*result);
}

}  // namespace transfer
