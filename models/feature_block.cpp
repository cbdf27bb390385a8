#include "models/feature_block.h"

#include <algorithm>

#include "models/blank_image.h"
#include "models/probed_stages.h"

namespace transfer {
namespace {

/// What pools an output of that shape, with the batch dimension.
std::vector<Pooling> poolings_of(const std::vector<std::int64_t>& shape) {
  constexpr std::size_t kTokens = 3;
  constexpr std::size_t kMap = 4;
  if (shape.size() == kMap) return {Pooling::kMean, Pooling::kDeviation, Pooling::kQuarters};
  if (shape.size() == kTokens) return {Pooling::kMean, Pooling::kDeviation};
  return {Pooling::kMean};
}

}  // namespace

std::string block_name(const FeatureBlock& block) {
  if (block.pooling == Pooling::kMean) return block.stage;
  return block.stage + ":" + std::string(name_of(block.pooling));
}

std::string block_title(const FeatureBlock& block) {
  return block.stage.empty() ? stage_title("") : block_name(block);
}

std::vector<FeatureBlock> means_of(const std::vector<std::string>& cuts) {
  std::vector<FeatureBlock> blocks;
  for (const std::string& cut : cuts) blocks.push_back({cut, Pooling::kMean});
  return blocks;
}

std::vector<FeatureBlock> blocks_of_all_stages(const Backbone& backbone) {
  std::vector<std::string> stages = probed_stages(backbone);
  const auto& all = backbone.metadata().stages;
  const bool has_last =
      !all.empty() && std::find(stages.begin(), stages.end(), all.back()) == stages.end();
  if (has_last) stages.push_back(all.back());
  const auto outputs = run_blank_image(backbone, stages);
  std::vector<FeatureBlock> blocks;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const bool is_last = has_last && i + 1 == stages.size();
    for (const Pooling pooling : poolings_of(outputs[i].shape)) {
      if (!is_last || pooling != Pooling::kMean) blocks.push_back({stages[i], pooling});
    }
  }
  blocks.push_back({"", Pooling::kMean});
  return blocks;
}

}  // namespace transfer
