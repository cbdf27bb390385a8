#include "models/head.h"

#include <gmock/gmock.h>

#include <cmath>

#include "models/backbone.h"
#include "models/classifier.h"
#include "models/flatten.h"
#include "models/frozen_trunk.h"
#include "models/trainable_network.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

constexpr int kLayers = 3;

std::string numbered(const std::string& name, int i) { return name + std::to_string(i); }

Head head_of(const std::map<std::string, torch::Tensor>& g, Activation activation) {
  Head head;
  head.activation = activation;
  for (int i = 0; i < kLayers; ++i) {
    head.layers.push_back({g.at(numbered("weight", i)).clone(), g.at(numbered("bias", i)).clone()});
  }
  return head;
}

TEST(Head, LogitsAndGradientsOfHiddenLayersEqualPython) {
  const auto g = golden("hidden_layers.pt");
  for (const std::string activation : {"relu", "sigmoid", "tanh"}) {
    const Head head = head_of(g, *parse_name<Activation>(activation));
    for (const torch::Tensor& parameter : head.parameters()) parameter.set_requires_grad(true);
    const auto logits = head.training_logits(g.at("features"));
    EXPECT_LT(largest_difference(logits, g.at(activation + "_logits")), 1e-5) << activation;
    const auto loss = torch::nn::functional::cross_entropy(logits, g.at("labels"));
    EXPECT_NEAR(loss.item<double>(), g.at(activation + "_loss").item<double>(), 1e-5);
    loss.backward();
    for (int i = 0; i < kLayers; ++i) {
      const LinearLayer& layer = head.layers[static_cast<std::size_t>(i)];
      EXPECT_LT(
          largest_difference(layer.weight.grad(), g.at(activation + numbered("_grad_weight", i))),
          1e-5)
          << activation << i;
      EXPECT_LT(largest_difference(layer.bias.grad(), g.at(activation + numbered("_grad_bias", i))),
                1e-5)
          << activation << i;
    }
  }
}

TEST(Head, DropoutActsInTrainingOnlyAndKeepsTheMean) {
  const auto g = golden("hidden_layers.pt");
  Head head = head_of(g, Activation::kRelu);
  head.dropout = 0.5;
  torch::NoGradGuard no_gradients;
  EXPECT_LT(largest_difference(head.logits(g.at("features")), g.at("relu_logits")), 1e-5);
  // With one hidden layer, the units dropped and the units doubled cancel on average.
  head.layers.erase(head.layers.begin() + 1);
  head.layers.back() = {torch::ones({1, 7}), torch::zeros({1})};
  const auto exact = head.logits(g.at("features"));
  torch::manual_seed(3);
  auto sum = torch::zeros_like(exact);
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) sum += head.training_logits(g.at("features"));
  EXPECT_GT(largest_difference(head.training_logits(g.at("features")), exact), 0.1);
  EXPECT_LT(largest_difference(sum / kDraws, exact), 0.2);
}

TEST(Head, SeedDecidesTheWeightsAndTheActivationTheirSpread) {
  HeadConfig config;
  config.hidden = {400, 300};
  const auto spread = [&config](Activation activation) {
    config.activation = activation;
    const auto weight = random_head(config, 200, 5, 1).layers[1].weight;
    return weight.std().item<double>();
  };
  const double glorot = std::sqrt(2.0 / (400 + 300));
  EXPECT_NEAR(spread(Activation::kRelu), std::sqrt(2.0 / 400), 1e-3);
  EXPECT_NEAR(spread(Activation::kTanh), glorot, 1e-3);
  EXPECT_NEAR(spread(Activation::kSigmoid), 4 * glorot, 4e-3);
  const auto first = random_head(config, 200, 5, 1).parameters();
  const auto same = random_head(config, 200, 5, 1).parameters();
  const auto other = random_head(config, 200, 5, 2).parameters();
  ASSERT_EQ(first.size(), 6U);
  EXPECT_EQ(first[4].sizes(), (std::vector<std::int64_t>{5, 300}));
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(torch::equal(first[i], same[i]));
    const bool is_hidden_bias = i == 1 || i == 3;
    EXPECT_EQ(torch::equal(first[i], other[i]), is_hidden_bias) << i;
  }
}

TEST(FlattenBackbone, ReturnsThePixelsRowByRowAndTakesAHead) {
  const auto backbone = flatten_backbone(2, 3, 3);
  EXPECT_EQ(backbone.feature_count(), 18);
  const auto images = torch::arange(36, torch::kFloat32).reshape({2, 3, 2, 3}) / 36;
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  EXPECT_TRUE(torch::equal(trunk.features(images.contiguous(torch::MemoryFormat::ChannelsLast)),
                           images.flatten(1)));
  HeadConfig config;
  config.hidden = {6, 4};
  config.activation = Activation::kTanh;
  config.dropout = 0.9;
  const Head head = random_head(config, 18, 3, 5);
  const std::string file = testing::TempDir() + "/flatten_test.pt";
  write_classifier(backbone, "", head, {"a", "b", "c"}, file);
  const Classifier model(file, torch::kCPU);
  EXPECT_LT(largest_difference(model.logits(images), head.logits(images.flatten(1))), 1e-6);
}

TEST(TrainableNetwork, HeadWithHiddenLayersDropsUnitsInTrainingOnly) {
  const auto backbone = Backbone::load(path_in("TRANSFER_FIXTURES", "steady.pt"));
  TrainableOptions options;
  options.classes = 3;
  options.head.hidden = {32};
  options.head.dropout = 0.5;
  TrainableNetwork network(backbone, options, torch::kCPU);
  const Head head = random_head(options.head, backbone.feature_count(), 3, 9);
  network.set_head(head);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network.parameters()) {
    if (name.starts_with("head.")) names.push_back(name);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("head.weight", "head.bias",
                                                   "head.hidden0.weight", "head.hidden0.bias"));
  const auto images = torch::rand({4, 3, 32, 32});
  torch::NoGradGuard no_gradients;
  network.evaluate();
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  const auto expected = head.logits(trunk.features(images));
  EXPECT_LT(largest_difference(network.logits(images), expected), 1e-5);
  network.train(names);
  const auto once = network.logits(images);
  EXPECT_GT(largest_difference(once, network.logits(images)), 1e-4);
}

}  // namespace
}  // namespace transfer
