#include "models/zero_padding.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace transfer {
namespace {

torch::Tensor random_images() {
  torch::manual_seed(2);
  return torch::randn({2, 5, 7, 6}).contiguous(torch::MemoryFormat::ChannelsLast);
}

TEST(ZeroPadding, IsThatOfLibTorch) {
  const auto images = random_images();
  for (const std::vector<std::int64_t>& padding : std::vector<std::vector<std::int64_t>>{
           {0, 1, 0, 1}, {1, 2, 3, 4}, {0, 0, 0, 0}, {2, 0, 0, 0}, {0, 0, 1, 0}, {-1, 1, 0, 2}}) {
    for (const auto& given :
         {images, images.contiguous(), images.to(torch::kFloat64), images.narrow(3, 1, 4)}) {
      const auto found = pad_with_zeros(given, padding);
      EXPECT_TRUE(torch::equal(found, torch::constant_pad_nd(given, padding, 0)));
    }
  }
  EXPECT_TRUE(
      pad_with_zeros(images, {0, 1, 0, 1}).is_contiguous(torch::MemoryFormat::ChannelsLast));
}

/// A frozen module with that body of forward(x).
torch::jit::Module frozen(const std::string& body) {
  torch::jit::Module module("m");
  module.define("def forward(self, x):\n    " + body + "\n");
  module.eval();
  return torch::jit::freeze(module);
}

std::size_t fast_paddings(const torch::jit::Module& module) {
  std::size_t count = 0;
  for (const auto* node : module.get_method("forward").graph()->nodes()) {
    count += std::string(node->kind().toQualString()) == "transfer::pad_with_zeros" ? 1 : 0;
  }
  return count;
}

TEST(ZeroPadding, ReplacesPaddingsByZerosAlone) {
  const auto images = random_images();
  const auto check = [&](const std::string& body, std::size_t fast) {
    torch::jit::Module module = frozen(body);
    const auto expected = module.forward({images}).toTensor();
    use_fast_zero_padding(module);
    EXPECT_EQ(fast_paddings(module), fast) << body;
    for (int run = 0; run < 3; ++run) {
      EXPECT_TRUE(torch::equal(module.forward({images}).toTensor(), expected)) << body;
    }
  };
  check("return torch.pad(x, [0, 1, 0, 1])", 1);
  check("return torch.pad(x, [0, 1, 0, 1], \"constant\", 0.)", 1);
  check("return torch.constant_pad_nd(torch.pad(x, [1, 1, 1, 1]), [0, 1, 0, 1], 0)", 2);
  check("return torch.pad(x, [0, 1, 0, 1], \"constant\", 1.)", 0);
  check("return torch.pad(x, [1, 1, 1, 1], \"reflect\")", 0);
  check("return torch.pad(x, [0, 1])", 0);
}

}  // namespace
}  // namespace transfer
