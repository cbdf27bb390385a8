#include "models/placement.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/ir/constants.h>

#include "models/device_constants.h"
#include "models/module_graphs.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

torch::jit::Module foreign_module(const std::string& name) {
  return torch::jit::load(fixture("foreign/" + name + ".pt"));
}

const torch::Tensor& images() {
  static const torch::Tensor result = torch::ones({2, 3, 32, 32});
  return result;
}

/// How many constants of a program keep it on one device: those that are devices, and tensors that
/// are used as they are, not moved to the device of the data first.
int ties_to_a_device(const torch::jit::Module& module) {
  int ties = 0;
  for_each_graph(module, [&](torch::jit::Graph& graph) {
    for_each_node(graph.block(), [&](torch::jit::Node* node) {
      for (const torch::jit::Value* input : node->inputs()) {
        const auto constant = torch::jit::toIValue(input);
        if (!constant) continue;
        ties += constant->isDevice();
        const bool is_moved = node->kind() == c10::aten::to;
        ties += constant->isTensor() && constant->toTensor().dim() > 0 && !is_moved;
      }
    });
  });
  return ties;
}

class PlacedTrace : public testing::TestWithParam<std::string> {};

TEST_P(PlacedTrace, ComputesTheSameWhereItsDataLies) {
  auto module = foreign_module(GetParam());
  EXPECT_GT(ties_to_a_device(module), 0);
  const auto expected = foreign_module(GetParam()).forward({images()}).toTensor();
  EXPECT_GT(replace_device_constants(module, DeviceConstants::kAll), 0);
  EXPECT_EQ(ties_to_a_device(module), 0);
  EXPECT_TRUE(torch::equal(module.forward({images()}).toTensor(), expected));
}

INSTANTIATE_TEST_SUITE_P(Traces, PlacedTrace, testing::Values("on_cpu", "traced_with_tensors"));

/// The settings of all `aten::_convolution`, as (benchmark, deterministic, allow_tf32).
std::vector<std::vector<bool>> settings_of(const torch::jit::Module& module) {
  std::vector<std::vector<bool>> result;
  for_each_graph(module, [&](torch::jit::Graph& graph) {
    for_each_node(graph.block(), [&](torch::jit::Node* node) {
      if (node->kind() != c10::aten::_convolution) return;
      std::vector<bool> settings;
      for (const char* name : {"benchmark", "deterministic", "allow_tf32"}) {
        const auto position = static_cast<std::size_t>(argument_position(node, name));
        settings.push_back(torch::jit::toIValue(node->input(position))->toBool());
      }
      result.push_back(settings);
    });
  });
  return result;
}

/// Puts the settings of this process back at its end.
class KeptSettings {
 public:
  ~KeptSettings() {
    at::globalContext().setDeterministicCuDNN(deterministic_);
    at::globalContext().setAllowTF32CuDNN(tf32_);
  }

 private:
  bool deterministic_ = at::globalContext().deterministicCuDNN();
  bool tf32_ = at::globalContext().allowTF32CuDNN();
};

TEST(Placement, TracedConvolutionsFollowTheSettingsOfThisProcess) {
  const KeptSettings kept;
  auto module = foreign_module("on_cpu");
  const auto before = settings_of(module);
  ASSERT_FALSE(before.empty());
  EXPECT_EQ(before.front(), (std::vector<bool>{false, false, true})) << "those of the export";
  const auto expected = foreign_module("on_cpu").forward({images()}).toTensor();
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setAllowTF32CuDNN(false);
  follow_convolution_settings(module);
  for (const auto& settings : settings_of(module)) {
    EXPECT_EQ(settings, (std::vector<bool>{false, true, false}));
  }
  EXPECT_TRUE(torch::equal(module.forward({images()}).toTensor(), expected));
}

}  // namespace
}  // namespace transfer
