#include "models/surgery.h"

#include <gmock/gmock.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/backbone.h"
#include "models/classifier.h"
#include "models/complexity.h"
#include "models/frozen_trunk.h"
#include "models/probed_stages.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::HasSubstr;
using testing::Not;

torch::jit::Module load(const std::string& name) {
  return Backbone::load(fixture(name)).implementation().module;
}

template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SeveralCuts, InOnePassEqualEachCutOnItsOwn) {
  for (const std::string name : {"tiny.pt", "tiny_traced.pt", "in_place.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    const auto& stages = backbone.metadata().stages;
    ASSERT_EQ(stages.size(), 2U) << name;
    const FrozenTrunk together(backbone, stages, torch::kCPU);
    const FrozenTrunk first(backbone, {stages[0]}, torch::kCPU);
    const FrozenTrunk second(backbone, {stages[1]}, torch::kCPU);
    const auto expected = torch::cat({first.features(image()), second.features(image())}, 1);
    EXPECT_LT(largest_difference(together.features(image()), expected), 1e-5) << name;
    EXPECT_EQ(together.widths()[0], first.dimension()) << name;
    EXPECT_EQ(together.widths()[1], second.dimension()) << name;
  }
}

TEST(SeveralCuts, WithTheClassifiersInputAreBitIdenticalAndCountMultiplyAdds) {
  for (const std::string name : {"tiny.pt", "tiny_traced.pt", "conv_head.pt", "in_place.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    auto cuts = backbone.metadata().stages;
    cuts.emplace_back();
    const FrozenTrunk together(backbone, cuts, torch::kCPU);
    for (const Fusion fusion : {Fusion::kOff, Fusion::kAuto}) {
      std::vector<torch::Tensor> alone;
      alone.reserve(cuts.size());
      for (const auto& cut : cuts) {
        alone.push_back(FrozenTrunk(backbone, {cut}, torch::kCPU, fusion).features(image()));
      }
      const auto features = FrozenTrunk(backbone, cuts, torch::kCPU, fusion).features(image());
      EXPECT_TRUE(torch::equal(features, torch::cat(alone, 1))) << name;
    }
    const auto complexity = measure_complexity(backbone);
    EXPECT_EQ(together.multiply_adds()[0], complexity[0].multiply_adds) << name;
    EXPECT_EQ(together.multiply_adds()[2],
              complexity[0].multiply_adds + complexity[1].multiply_adds)
        << name << ": nothing but pooling lies between the last stage and the classifier";
  }
}

TEST(ProbedStages, LeaveOutTheLastOneAndThoseThatSeparateABatchNorm) {
  const auto tiny = Backbone::load(fixture("tiny.pt"));
  EXPECT_EQ(probed_stages(tiny), (std::vector<std::string>{"blocks.0"}));
  const auto bare = Backbone::load(fixture("bare_stage.pt"));
  ASSERT_EQ(bare.metadata().stages.front(), "stem.0");
  EXPECT_EQ(probed_stages(bare), (std::vector<std::string>{"blocks.0"}));
  const auto in_place = Backbone::load(fixture("in_place.pt"));
  EXPECT_EQ(probed_stages(in_place), (std::vector<std::string>{"first"})) << "no BatchNorm behind";
  const FrozenTrunk split(bare, std::vector<std::string>{"stem.0", "blocks.0"}, torch::kCPU);
  const FrozenTrunk whole(bare, {"blocks.0"}, torch::kCPU);
  EXPECT_LT(largest_difference(split.features(image()).narrow(1, 8, 12), whole.features(image())),
            1e-5);
}

TEST(ConvolutionalClassifier, IsFoundAndItsFeaturesAreAveraged) {
  auto golden = read_tensors(fixture("conv_head.golden.pt"));
  for (const std::string name : {"conv_head.pt", "conv_head_traced.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    EXPECT_EQ(backbone.classifier_path(), "classifier");
    EXPECT_EQ(backbone.feature_count(), 16);
    EXPECT_EQ(backbone.output_count(), 10);
    const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
    const auto features = trunk.features(golden["input"]);
    EXPECT_LT(largest_difference(features, golden["features"]), 1e-5) << name;
  }
}

TEST(ConvolutionalClassifier, WithANewHeadMakesAFileThatServesAsBackbone) {
  auto golden = read_tensors(fixture("conv_head.golden.pt"));
  const auto backbone = Backbone::load(fixture("conv_head.pt"));
  torch::manual_seed(1);
  const Head head = linear_head(torch::randn({3, 16}), torch::randn({3}));
  const std::string file = testing::TempDir() + "/conv_classifier_test.pt";
  write_classifier(backbone, "", head, {"a", "b", "c"}, file);
  const Classifier model(file, torch::kCPU);
  const auto expected = head.logits(golden["features"]);
  EXPECT_LT(largest_difference(model.logits(golden["input"]), expected), 1e-4);
  EXPECT_EQ(Backbone::load(file).feature_count(), 16);
}

TEST(AuxiliaryClassifier, IsNotTheLastLayerAndItsWeightsLeaveTheFile) {
  const auto backbone = Backbone::load(fixture("auxiliary.pt"));
  EXPECT_EQ(backbone.classifier_path(), "classifier");
  auto module = backbone.implementation().module;
  const auto original = read_archive(fixture("auxiliary.pt")).module;
  auto tuple = torch::jit::Module(original).forward({image()});
  const auto logits = tuple.toTuple()->elements()[0].toTensor();
  EXPECT_TRUE(torch::equal(module.forward({image()}).toTensor(), logits));
  auto cut = cut_before_classifier(module, find_classifier(module, "auxiliary.pt"), "auxiliary.pt");
  const auto features = cut.forward({image()}).toTensor();
  const auto classifier = module.attr("classifier").toModule();
  EXPECT_LT(largest_difference(torch::linear(features, classifier.attr("weight").toTensor(),
                                             classifier.attr("bias").toTensor()),
                               logits),
            1e-5);
  EXPECT_EQ(cut.attr("auxiliary").toModule().attr("weight").toTensor().numel(), 0);
  const auto block = cut.attr("auxiliary_block").toModule().attr("0").toModule();
  EXPECT_EQ(block.attr("weight").toTensor().numel(), 0)
      << "although its BatchNorm has a batch counter";
  module.train();
  EXPECT_TRUE(module.forward({image()}).isTensor());
  EXPECT_GT(measure_complexity(backbone).back().parameters, 0);
}

TEST(Cut, AtAStageInsideAHelperMethodOfAModuleThatReturnsATuple) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  for (const std::string stage : {"blocks.0", "blocks.1"}) {
    auto cut = cut_after_stage(load("tiny.pt"), stage, "tiny.pt");
    EXPECT_LT(
        largest_difference(cut.forward({golden["input"]}).toTensor(), golden.at("stage:" + stage)),
        1e-5);
    auto other = cut_after_stage(load("auxiliary.pt"), stage, "auxiliary.pt");
    EXPECT_TRUE(other.forward({golden["input"]}).isTensor());
    EXPECT_EQ(other.attr("classifier").toModule().attr("weight").toTensor().numel(), 0);
  }
}

TEST(Cut, RefusesStagesThatCannotBeCutAndNamesTheReason) {
  for (const std::string name : {"residual.pt", "residual_traced.pt"}) {
    const auto module = load(name);
    EXPECT_THAT(error_of([&] { cut_after_stage(module, "mix", name); }), HasSubstr("skip"));
    EXPECT_EQ(error_of([&] { cut_after_stage(module, "blocks.1", name); }), "no error");
    EXPECT_THAT(error_of([&] { cut_after_stage(module, "absent", name); }),
                HasSubstr("not called by forward"));
  }
  const auto exists = error_of([&] { cut_after_stage(load("auxiliary.pt"), "auxiliary", "a.pt"); });
  EXPECT_THAT(exists, HasSubstr("not called by forward"));
  EXPECT_THAT(exists, Not(HasSubstr("did you mean")));
  EXPECT_THAT(error_of([&] { cut_after_stage(load("tiny.pt"), "block.1", "tiny.pt"); }),
              HasSubstr("did you mean 'blocks.1'?"));
}

TEST(FrozenModules, AreRefusedWithTheRemedy) {
  for (const std::string name : {"frozen.pt", "optimized.pt"}) {
    const auto error = error_of([&] { Backbone::load(fixture(name)); });
    EXPECT_THAT(error, HasSubstr("constants")) << name;
    EXPECT_THAT(error, HasSubstr("before freezing")) << name;
  }
}

TEST(Complexity, IsTheSameForTracedModels) {
  const auto scripted = measure_complexity(Backbone::load(fixture("tiny.pt")));
  const auto traced = measure_complexity(Backbone::load(fixture("tiny_traced.pt")));
  for (std::size_t i = 0; i < scripted.size(); ++i) {
    EXPECT_EQ(traced[i].multiply_adds, scripted[i].multiply_adds);
    EXPECT_EQ(traced[i].parameters, scripted[i].parameters);
  }
}

TEST(Pooling, DimensionsFollowTheLayout) {
  EXPECT_EQ(pooled_dimensions({2, 64, 7, 7}), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(pooled_dimensions({2, 7, 7, 96}), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(pooled_dimensions({2, 50, 768}), (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(pooled_dimensions({2, 1024}).empty());
  auto cut = cut_after_stage(load("tiny.pt"), "blocks.0", "tiny.pt");
  const auto map = cut.forward({image()}).toTensor();
  auto pooled = cut_after_stage(load("tiny.pt"), "blocks.0", "tiny.pt");
  average_output(pooled, pooled_dimensions(map.sizes()));
  EXPECT_TRUE(torch::equal(pooled.forward({image()}).toTensor(), map.mean({2, 3})));
}

}  // namespace
}  // namespace transfer
