#include "models/inference_module.h"

#include <gtest/gtest.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <string>
#include <thread>
#include <vector>

#include "models/graph_fusion.h"

namespace transfer {
namespace {

constexpr std::int64_t kSide = 128;

/// Convolutions with BatchNorm left out, ReLU6 and a shortcut, of 8 outputs.
torch::jit::Module network() {
  torch::manual_seed(3);
  torch::jit::Module module("network");
  module.register_parameter("stem", torch::randn({16, 3, 3, 3}), /*is_buffer=*/false);
  module.register_parameter("depthwise", torch::randn({16, 1, 3, 3}), /*is_buffer=*/false);
  module.register_parameter("point", 0.2 * torch::randn({16, 16, 1, 1}), /*is_buffer=*/false);
  module.register_parameter("head", 0.1 * torch::randn({8, 16}), /*is_buffer=*/false);
  module.define(R"(
def forward(self, x):
    x = torch.hardtanh(torch.conv2d(x, self.stem, None, [2, 2], [1, 1]), 0.0, 6.0)
    y = torch.hardtanh(torch.conv2d(x, self.depthwise, None, [1, 1], [1, 1], [1, 1], 16), 0.0, 6.0)
    y = x + torch.conv2d(y, self.point)
    return torch.linear(torch.flatten(torch.adaptive_avg_pool2d(y, [1, 1]), 1), self.head)
)");
  return module;
}

torch::Tensor random_images(std::int64_t count, std::int64_t side = kSide) {
  torch::manual_seed(5);
  return torch::randn({count, 3, side, side});
}

/// Whether oneDNN Graph has fused anything in the graph that this thread ran last.
bool last_graph_is_fused() {
  return torch::jit::lastExecutedOptimizedGraph()->toString().find("oneDNNFusionGroup") !=
         std::string::npos;
}

TEST(InferenceModule, AnImageDoesNotDependOnItsNeighbours) {
  const InferenceModule module(network(), torch::kCPU);
  for (const std::int64_t side : {std::int64_t{32}, kSide}) {
    const auto images = random_images(21, side);
    for (const Fusion fusion : {Fusion::kOff, Fusion::kAuto}) {
      const auto together = module.run(images, fusion);
      ASSERT_EQ(together.sizes(), (std::vector<std::int64_t>{21, 8}));
      // A slice of images of 32 pixels is 16 of them.
      EXPECT_TRUE(
          torch::equal(together.narrow(0, 16, 5), module.run(images.narrow(0, 16, 5), fusion)));
    }
  }
  const auto images = random_images(3);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(torch::equal(module.run(images, Fusion::kAuto).narrow(0, i, 1),
                             module.run(images.narrow(0, i, 1), Fusion::kAuto)));
  }
}

TEST(InferenceModule, FusingChangesTheLastDigitsAtMost) {
  auto original = network();
  original.eval();
  const InferenceModule module(original, torch::kCPU);
  const auto images = random_images(4);
  const auto expected = original.forward({images}).toTensor().detach();
  EXPECT_TRUE(torch::allclose(module.run(images), expected, 1e-4, 1e-4));
  EXPECT_TRUE(torch::allclose(module.run(images, Fusion::kAuto), expected, 1e-4, 1e-4));
  if (!can_fuse_graphs()) GTEST_SKIP() << "this CPU runs no fused graphs";
  module.run(images, Fusion::kAuto);
  EXPECT_TRUE(last_graph_is_fused());
  module.run(images, Fusion::kOff);
  EXPECT_FALSE(last_graph_is_fused()) << "the copy that is not to be fused";
}

TEST(InferenceModule, OtherSizesThanTheFirstRunToo) {
  const InferenceModule module(network(), torch::kCPU);
  module.run(random_images(2), Fusion::kAuto);
  for (const std::int64_t side : {std::int64_t{64}, std::int64_t{200}}) {
    const auto images = random_images(3, side);
    EXPECT_TRUE(torch::allclose(module.run(images, Fusion::kAuto), module.run(images), 1e-4, 1e-4));
  }
}

TEST(InferenceModule, GraphsOfOtherThreadsAreNotFused) {
  if (!can_fuse_graphs()) GTEST_SKIP() << "this CPU runs no fused graphs";
  const FusesGraphs here;
  std::thread([] {
    const c10::InferenceMode inference;
    torch::jit::Module other = torch::jit::freeze([] {
      auto module = network();
      module.eval();
      return module;
    }());
    for (int run = 0; run < 3; ++run) other.forward({random_images(1)});
    EXPECT_FALSE(last_graph_is_fused());
  }).join();
}

TEST(InferenceModule, StreamsThatBeginTogetherCompileOnce) {
  const InferenceModule module(network(), torch::kCPU);
  const auto images = random_images(2);
  std::vector<torch::Tensor> results(4);
  std::vector<std::thread> threads;
  for (torch::Tensor& result : results) {
    threads.emplace_back([&] { result = module.run(images, Fusion::kAuto); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const torch::Tensor& result : results) EXPECT_TRUE(torch::equal(result, results.front()));
}

}  // namespace
}  // namespace transfer
