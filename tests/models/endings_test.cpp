// Networks that end in unusual ways; tests/fixtures/endings.py writes them.

#include <gmock/gmock.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/backbone.h"
#include "models/classifier.h"
#include "models/feature_check.h"
#include "models/frozen_trunk.h"
#include "models/graph_outputs.h"
#include "models/surgery.h"
#include "models/trainable_network.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What loading should find.
struct Ending {
  std::string name;
  std::string classifier;  ///< "": none
  std::int64_t features;
  std::int64_t outputs;
};

const std::vector<Ending> kEndings = {
    {"token_mean", "fc", 24, 10},
    {"first_token", "fc", 24, 10},
    {"last_token_of_softmax", "fc", 24, 10},
    {"channels_last_map", "fc", 24, 10},
    {"grouped_convolution", "fc", 24, 12},
    {"token_convolution", "fc", 24, 10},
    {"dropout_convolution_relu", "fc.1", 24, 10},
    {"softmax_in_evaluation", "fc", 24, 10},
    {"temperature", "fc", 24, 10},
    {"embedding_first", "fc", 24, 10},
    {"projection_first", "fc", 16, 10},
    {"two_heads", "fc", 24, 10},
    {"written_input", "fc", 24, 10},
    {"shared_classifier", "fc", 24, 10},
    {"quantised_classifier", "fc", 24, 10},
    {"quantised_hidden", "fc", 24, 10},
    {"headless_bottleneck", "", 24, 0},
    {"headless_convolution", "", 40, 0},
    {"headless_linear", "", 20, 0},
    {"headless_map", "", 24, 0},
    {"headless_tokens", "", 24, 0},
    {"headless_channel_tokens", "", 24, 0},
    {"projected", "", 8, 0},
    {"averaged_heads", "", 10, 0},
    {"shared_twice", "", 10, 0},
    {"normalised_embedding", "", 16, 0},
    {"rows_of_tokens", "", 10, 0},
    {"written_output", "", 24, 0},
};

std::string ending_file(const std::string& name) { return fixture("endings/" + name + ".pt"); }

Backbone load_ending(const std::string& name) {
  return Backbone::load(ending_file(name)).with_input_size(64);
}

std::string ending_error(const std::string& name) {
  try {
    load_ending(name);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Endings, FeaturesAreWhatStandsInFrontOfTheClassifierOrTheOutput) {
  for (const Ending& ending : kEndings) {
    const auto golden = read_tensors(ending_file(ending.name + ".golden"));
    for (const std::string kind : {".scripted", ".traced"}) {
      SCOPED_TRACE(ending.name + kind);
      const auto backbone = load_ending(ending.name + kind);
      EXPECT_EQ(backbone.classifier_path(), ending.classifier);
      EXPECT_EQ(backbone.has_classifier(), !ending.classifier.empty());
      EXPECT_EQ(backbone.feature_count(), ending.features);
      EXPECT_EQ(backbone.output_count(), ending.outputs);
      const auto features = FrozenTrunk(backbone, {""}, torch::kCPU).features(golden.at("input"));
      EXPECT_LT(largest_difference(features, golden.at("features")), 1e-4);
      auto cuts = backbone.metadata().stages;
      // Without a classifier the network may run twice, so that no cut lies on both paths.
      ASSERT_TRUE(!cuts.empty() || ending.classifier.empty());
      cuts.emplace_back();
      const FrozenTrunk together(backbone, cuts, torch::kCPU);
      EXPECT_EQ(together.widths().back(), ending.features);
      const auto all = together.features(golden.at("input"));
      const auto last = all.narrow(1, all.size(1) - ending.features, ending.features);
      EXPECT_LT(largest_difference(last, golden.at("features")), 1e-4);
    }
  }
}

TEST(Endings, TrainWithANewHeadAndServeAsTheNextBackbone) {
  for (const Ending& ending : kEndings) {
    if (ending.name == "quantised_hidden") continue;
    SCOPED_TRACE(ending.name);
    const auto golden = read_tensors(ending_file(ending.name + ".golden"));
    const auto backbone = load_ending(ending.name + ".scripted");
    TrainableNetwork network(backbone, {.classes = 3, .seed = 1}, torch::kCPU);
    std::vector<std::string> names;
    for (const auto& [name, tensor] : network.parameters()) names.push_back(name);
    network.train(names);
    network.logits(golden.at("input")).square().sum().backward();
    for (const auto& [name, tensor] : network.parameters()) {
      if (!name.starts_with("trunk.trunk.stem.0")) continue;
      EXPECT_GT(tensor.grad().abs().max().item<double>(), 0.0) << name;
    }
    const std::string file = testing::TempDir() + ending.name + ".model.pt";
    network.evaluate();
    const auto logits = network.logits(golden.at("input")).detach();
    network.write({"a", "b", "c"}, file);
    const Classifier written(file, torch::kCPU);
    EXPECT_LT(largest_difference(written.logits(golden.at("input")), logits), 1e-4);
    const auto next = Backbone::load(file);
    EXPECT_EQ(next.classifier_path(), "head");
    EXPECT_EQ(next.feature_count(), ending.features);
  }
}

TEST(Endings, QuantisedLayersInFrontOfTheClassifierServeFrozenOnly) {
  const auto backbone = load_ending("quantised_hidden.scripted");
  try {
    const TrainableNetwork network(backbone, {}, torch::kCPU);
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("quantized::linear_dynamic"), HasSubstr("--strategy freeze-conv")));
  }
}

TEST(Endings, WhatWasDecidedIsSaid) {
  EXPECT_THAT(load_ending("temperature.scripted").remarks(), IsEmpty());
  EXPECT_THAT(load_ending("temperature.scripted").classifier_description(),
              HasSubstr("every path to the logits passes it"));
  EXPECT_THAT(load_ending("headless_bottleneck.scripted").remarks(),
              ElementsAre("no classifier (it ends in add): the output of 24 numbers is taken as "
                          "features"));
  EXPECT_THAT(load_ending("headless_tokens.traced").remarks(),
              ElementsAre(HasSubstr("24 numbers, averaged over tokens, is taken as features")));
  EXPECT_THAT(load_ending("averaged_heads.traced").remarks(), ElementsAre(HasSubstr("add")));
  EXPECT_THAT(load_ending("first_token.traced").remarks(), ElementsAre(HasSubstr("first token")));
  EXPECT_THAT(load_ending("embedding_first.scripted").remarks(),
              ElementsAre(AllOf(HasSubstr("Tuple[Tensor, Tensor]"), HasSubstr("element 1"),
                                HasSubstr("'fc'"))));
}

TEST(Endings, RefusalsNameTheCauseAndTheRemedy) {
  EXPECT_THAT(ending_error("branch_on_content"), HasSubstr("inside a branch or a loop"));
  EXPECT_THAT(ending_error("two_maps"),
              AllOf(HasSubstr("Tuple[Tensor, Tensor]"), HasSubstr("the features alone")));
  EXPECT_THAT(ending_error("list_of_tensors"), HasSubstr("forward returns List[Tensor]"));
  EXPECT_THAT(ending_error("class_number"), HasSubstr("cannot serve as features"));
  EXPECT_THAT(ending_error("one_image"), HasSubstr("one image at a time"));
  EXPECT_THAT(ending_error("statically_quantised"), HasSubstr("Export the float network"));
  EXPECT_THAT(ending_error("no_layers"), HasSubstr("no layer with weights"));
}

TEST(Endings, ANetworkForOtherImagesIsMeasuredOnceTheirSizeIsKnown) {
  const auto backbone = Backbone::load(ending_file("fixed_size"));
  EXPECT_EQ(backbone.feature_count(), 0);
  EXPECT_THROW(TrainableNetwork(backbone, {}, torch::kCPU), ModelError);
  EXPECT_EQ(backbone.with_input_size(32).feature_count(), 20);
}

TEST(FeatureCheck, RefusesACutThatGivesOtherValuesThanTheOriginal) {
  const auto archive = read_archive(ending_file("temperature.scripted"));
  const ClassifierLayer found = find_classifier(archive.module, "file");
  const Preprocessing preprocessing;
  OriginalForward original = original_forward(archive.module);
  original.source = nullptr;  // as if surgery had replaced forward
  auto layer = found;
  EXPECT_TRUE(measure_features(archive.module, original, preprocessing, "file", layer));
  auto* output = original.graph->outputs()[0];
  const torch::jit::WithInsertPoint at_the_end(original.graph->return_node());
  end_at(*original.graph, original.graph->insert(c10::aten::neg, {output}));
  layer = found;
  try {
    measure_features(archive.module, original, preprocessing, "file", layer);
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("other values than the whole network"));
  }
}

TEST(FeatureCheck, KeepsTheDefaultGenerator) {
  torch::manual_seed(4);
  const auto expected = torch::randn({3});
  torch::manual_seed(4);
  load_ending("temperature.scripted");
  EXPECT_TRUE(torch::equal(torch::randn({3}), expected));
}

}  // namespace
}  // namespace transfer
