#include "models/trace_repair.h"

#include <gtest/gtest.h>

#include "models/archive.h"
#include "models/backbone.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

torch::Tensor statistics(const torch::jit::Module& module) {
  return module.attr("stem").toModule().attr("1").toModule().attr("running_mean").toTensor();
}

TEST(TraceRepair, CountsThreeNormsAndOneDropoutButNothingInScriptedModules) {
  EXPECT_EQ(Backbone::load(fixture("tiny_traced.pt")).repaired_layers(), 4);
  EXPECT_EQ(Backbone::load(fixture("tiny.pt")).repaired_layers(), 0);
  auto module = read_archive(fixture("tiny_traced.pt")).module;
  EXPECT_EQ(repair_traced_modes(module), 4);
  EXPECT_EQ(repair_traced_modes(module), 0) << "nothing is left to repair";
}

TEST(TraceRepair, EvaluationModeStaysBitIdentical) {
  const auto input = read_tensors(fixture("tiny.golden.pt")).at("input");
  torch::NoGradGuard no_gradients;
  auto before = read_archive(fixture("tiny_traced.pt")).module;
  auto after = Backbone::load(fixture("tiny_traced.pt")).implementation().module;
  after.train();
  after.eval();
  EXPECT_TRUE(torch::equal(before.forward({input}).toTensor(), after.forward({input}).toTensor()));
}

TEST(TraceRepair, TrainingModeMovesStatisticsAsInTheScriptedModuleAndDrops) {
  const auto input = read_tensors(fixture("tiny.golden.pt")).at("input");
  torch::NoGradGuard no_gradients;
  auto repaired = Backbone::load(fixture("tiny_traced.pt")).implementation().module;
  auto scripted = Backbone::load(fixture("tiny.pt")).implementation().module;
  const auto at_start = statistics(repaired).clone();
  repaired.train();
  scripted.train();
  torch::manual_seed(1);
  const auto first = repaired.forward({input}).toTensor();
  torch::manual_seed(1);
  EXPECT_LT(largest_difference(first, scripted.forward({input}).toTensor()), 1e-5);
  EXPECT_GT(largest_difference(statistics(repaired), at_start), 1e-3);
  EXPECT_LT(largest_difference(statistics(repaired), statistics(scripted)), 1e-6);
  torch::manual_seed(2);
  EXPECT_GT(largest_difference(first, repaired.forward({input}).toTensor()), 1e-4)
      << "dropout draws a new mask";
}

TEST(TraceRepair, OneFrozenLayerKeepsItsStatisticsWhileTheRestTrains) {
  const auto input = read_tensors(fixture("tiny.golden.pt")).at("input");
  auto module = Backbone::load(fixture("tiny_traced.pt")).implementation().module;
  module.train();
  module.attr("stem").toModule().eval();
  const auto at_start = statistics(module).clone();
  module.forward({input});
  EXPECT_TRUE(torch::equal(statistics(module), at_start));
}

}  // namespace
}  // namespace transfer
