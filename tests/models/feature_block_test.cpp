#include "models/feature_block.h"

#include <gtest/gtest.h>

#include "models/archive.h"
#include "models/backbone.h"
#include "models/frozen_trunk.h"
#include "models/surgery.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

/// What a stage puts out, without pooling.
torch::Tensor output_of(const Backbone& backbone, const std::string& stage) {
  auto module = cut_after_stage(backbone.implementation().module, stage, backbone.file());
  module.eval();
  return module.forward({image()}).toTensor();
}

TEST(FeatureBlocks, ArePoolingsOfEveryStage) {
  const torch::NoGradGuard no_gradients;
  for (const std::string name : {"tiny.pt", "tiny_traced.pt", "in_place.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    const auto blocks = blocks_of_all_stages(backbone);
    const FrozenTrunk trunk(backbone, blocks, torch::kCPU);
    EXPECT_EQ(trunk.blocks(), blocks);
    const auto features = trunk.features(image());
    ASSERT_EQ(features.size(1), trunk.dimension()) << name;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto found = features.narrow(1, first, trunk.widths()[i]);
      first += trunk.widths()[i];
      torch::Tensor expected;
      if (blocks[i].stage.empty()) {
        expected = FrozenTrunk(backbone, {""}, torch::kCPU).features(image());
      } else {
        const auto map = output_of(backbone, blocks[i].stage);
        switch (blocks[i].pooling) {
          case Pooling::kMean: expected = map.mean({2, 3}); break;
          case Pooling::kDeviation: expected = map.var({2, 3}, /*unbiased=*/false).sqrt(); break;
          case Pooling::kQuarters:
            expected = torch::adaptive_avg_pool2d(map, {2, 2}).flatten(1);
            break;
        }
      }
      EXPECT_LT(largest_difference(found, expected), 1e-4) << name << " " << block_name(blocks[i]);
    }
    EXPECT_EQ(first, trunk.dimension());
  }
}

TEST(FeatureBlocks, AreNamedByStageAndPooling) {
  const auto blocks = blocks_of_all_stages(Backbone::load(fixture("tiny.pt")));
  std::vector<std::string> titles;
  for (const auto& block : blocks) titles.push_back(block_title(block));
  EXPECT_EQ(titles,
            (std::vector<std::string>{"blocks.0", "blocks.0:deviation", "blocks.0:quarters",
                                      "blocks.1:deviation", "blocks.1:quarters", "penultimate"}))
      << "the last stage's mean is the classifier's input";
}

}  // namespace
}  // namespace transfer
