// Networks whose programs are hard to cut, feed or train; tests/fixtures/awkward_networks.py writes
// them.

#include <gmock/gmock.h>

#include "core/errors.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "models/dry_pass.h"
#include "models/frozen_trunk.h"
#include "models/trainable_network.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kAwkwardSize = 24;

Backbone load_awkward(const std::string& name) {
  return Backbone::load(fixture("awkward/" + name + ".pt")).with_input_size(kAwkwardSize);
}

std::map<std::string, torch::Tensor> awkward_golden(const std::string& name) {
  return read_tensors(fixture("awkward/" + name + ".golden.pt"));
}

template <typename Call>
std::string refusal_of(const Call& call) {
  try {
    call();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

/// What loading and the dry pass say.
std::string refusal_of_network(const std::string& name) {
  return refusal_of([&] { require_pass(load_awkward(name)); });
}

torch::Tensor frozen_features(const std::string& name, const torch::Tensor& images) {
  const auto backbone = load_awkward(name);
  require_pass(backbone);
  return FrozenTrunk(backbone, {""}, torch::kCPU)
      .features(images.contiguous(torch::MemoryFormat::ChannelsLast));
}

std::vector<std::string> all_parameters(const TrainableNetwork& network) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network.parameters()) names.push_back(name);
  return names;
}

/// What rehearsing the training of all layers says.
std::string refusal_to_train(const std::string& name, BatchNorm batch_norm = BatchNorm::kTrain) {
  TrainableNetwork network(load_awkward(name), {.classes = 3, .batch_norm = batch_norm},
                           torch::kCPU);
  return refusal_of([&] { network.rehearse(all_parameters(network)); });
}

class AwkwardCut : public testing::TestWithParam<std::string> {};

TEST_P(AwkwardCut, GivesTheFeaturesThatTheOriginalComputes) {
  const auto expected = awkward_golden(GetParam());
  const auto features = frozen_features(GetParam(), expected.at("input"));
  ASSERT_EQ(features.sizes(), expected.at("features").sizes());
  EXPECT_LT(largest_difference(features, expected.at("features")), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Layout, AwkwardCut,
                         testing::Values("views_map", "views_map_traced", "writes_to_image"));
INSTANTIATE_TEST_SUITE_P(Pooling, AwkwardCut,
                         testing::Values("sums_tokens", "slices_tokens", "slices_tokens_traced",
                                         "first_two_tokens", "fifth_token", "largest_token",
                                         "mean_of_softmax", "weighs_tokens", "crops_map",
                                         "pads_average", "pads_average_traced", "largest_of_map"));
INSTANTIATE_TEST_SUITE_P(ComputedWeights, AwkwardCut,
                         testing::Values("cosine", "cosine_traced", "weight_norm_traced",
                                         "transposed", "part_of_weights", "linear_as_convolution"));
INSTANTIATE_TEST_SUITE_P(Autocast, AwkwardCut, testing::Values("autocasts", "autocasts_traced"));

TEST(AwkwardPooling, IsSaidWhereTheOutputIsTheFeatures) {
  EXPECT_EQ(load_awkward("sums_tokens").classifier_path(), "fc");
  for (const std::string name : {"slices_tokens", "crops_map", "largest_token"}) {
    const auto backbone = load_awkward(name);
    EXPECT_FALSE(backbone.has_classifier()) << name;
    EXPECT_THAT(backbone.classifier_description(),
                AllOf(HasSubstr("'fc'"), HasSubstr("otherwise than by their average")));
  }
}

TEST(ComputedWeights, AreNamedByTheLayerThatHoldsThem) {
  EXPECT_EQ(load_awkward("weight_norm_traced").classifier_path(), "fc");
  EXPECT_EQ(load_awkward("cosine").classifier_name(), "(root)");
  EXPECT_EQ(load_awkward("part_of_weights").output_count(), 10);
  EXPECT_EQ(load_awkward("linear_as_convolution").output_count(), 10);
}

TEST(MemoryLayout, TheWrittenModelTakesImagesInAnyLayout) {
  for (const std::string name : {"views_map", "views_map_traced"}) {
    const auto images = awkward_golden(name).at("input");
    const auto backbone = load_awkward(name);
    TrainableNetwork network(backbone, {.classes = 3, .seed = 1}, torch::kCPU);
    network.rehearse(all_parameters(network));
    const std::string file = testing::TempDir() + name + ".model.pt";
    network.write({"a", "b", "c"}, file);
    const torch::NoGradGuard no_gradients;
    auto module = torch::jit::load(file);
    const auto plain = module.forward({images}).toTensor();
    const auto stored =
        module.forward({images.contiguous(torch::MemoryFormat::ChannelsLast)}).toTensor();
    EXPECT_LT(largest_difference(plain, stored), 1e-5);
    EXPECT_LT(largest_difference(plain, network.logits(images)), 1e-5);
  }
}

TEST(MemoryLayout, OnWhichTheNetworkDependsIsRefused) {
  EXPECT_THAT(refusal_of_network("reads_strides"),
              AllOf(HasSubstr("how its images lie in memory"), HasSubstr("torch.as_strided")));
}

TEST(DamagedWeights, AreNamedUnlessTheClassifierHoldsThem) {
  EXPECT_THAT(refusal_of_network("nan"), HasSubstr("'body.0.weight' holds NaN"));
  EXPECT_THAT(refusal_of_network("infinite"), HasSubstr("'stem.0.weight' holds infinity"));
  EXPECT_THAT(refusal_of_network("negative_variance"),
              HasSubstr("'body.1.running_var' holds negative variances"));
  EXPECT_EQ(refusal_of_network("nan_classifier"), "no error");
  EXPECT_EQ(load_awkward("nan_classifier").classifier_path(), "fc");
}

TEST(AwkwardImages, ThatTheNetworkMixesOrRemembersAreRefused) {
  EXPECT_THAT(refusal_of_network("first_image_only"), HasSubstr("depends on the other images"));
  EXPECT_THAT(refusal_of_network("remembers_images"), HasSubstr("writes to its buffer 'average'"));
  EXPECT_THAT(refusal_of_network("sets_seed"), HasSubstr("torch.manual_seed"));
}

TEST(AwkwardImages, OfOneChannelAreProposedWhereTheNetworkRepeatsIt) {
  EXPECT_THAT(refusal_of_network("repeats_grey"), HasSubstr("Set input.channels=1."));
  InputSettings settings;
  settings.input.channels = 1;
  settings.size = {kAwkwardSize, kAwkwardSize};
  require_pass(Backbone::load(fixture("awkward/repeats_grey.pt"), settings));
}

TEST(Rehearsal, RefusesLayersThatCannotBeTrained) {
  EXPECT_THAT(refusal_to_train("encoder_traced"),
              AllOf(HasSubstr("aten::_transformer_encoder_layer_fwd"), HasSubstr("freeze-conv")));
  EXPECT_THAT(refusal_to_train("detaches"), HasSubstr("detach() is in its program"));
  EXPECT_THAT(refusal_to_train("without_gradients"), HasSubstr("torch.no_grad()"));
  EXPECT_THAT(
      refusal_of([] { TrainableNetwork(load_awkward("quantised_recurrent"), {}, torch::kCPU); }),
      HasSubstr("aten::quantized_lstm"));
  EXPECT_EQ(refusal_of_network("quantised_recurrent"), "no error");
  EXPECT_EQ(refusal_to_train("encoder"), "no error");
  EXPECT_EQ(refusal_to_train("detaches_stem"), "no error");
}

TEST(Rehearsal, ChangesNothing) {
  TrainableNetwork network(load_awkward("views_map"), {.classes = 3}, torch::kCPU);
  std::vector<torch::Tensor> before;
  for (const auto& [name, tensor] : network.state()) before.push_back(tensor.detach().clone());
  torch::manual_seed(4);
  const auto expected = torch::randn({3});
  torch::manual_seed(4);
  network.rehearse(all_parameters(network));
  EXPECT_TRUE(torch::equal(torch::randn({3}), expected));
  const auto after = network.state();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(torch::equal(after[i].second, before[i])) << after[i].first;
  }
}

TEST(BatchNormFrozen, HoldsForStatisticsUnderOtherNames) {
  for (const std::string name : {"functional_norm", "norm_of_its_own"}) {
    SCOPED_TRACE(name);
    TrainableNetwork network(load_awkward(name), {.classes = 3, .batch_norm = BatchNorm::kFrozen},
                             torch::kCPU);
    const auto names = all_parameters(network);
    network.rehearse(names);
    network.train(names);
    EXPECT_FALSE(network.moves_statistics());
    const auto statistics = [&] {
      std::vector<torch::Tensor> tensors;
      for (const auto& [path, tensor] : network.state()) {
        if (path.ends_with("mean")) tensors.push_back(tensor.detach().clone());
      }
      return tensors;
    };
    const auto before = statistics();
    const auto images = awkward_golden("cosine").at("input");
    network.logits(images).sum().backward();
    const auto after = statistics();
    ASSERT_GT(before.size(), 2U);
    for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(after[i].equal(before[i]));
    TrainableNetwork moving(load_awkward(name), {.classes = 3}, torch::kCPU);
    moving.rehearse(names);
    moving.train(names);
    EXPECT_TRUE(moving.moves_statistics());
  }
}

TEST(AwkwardFiles, AreNamedForWhatTheyAre) {
  const auto error_of = [](const std::string& file) {
    return refusal_of([&] { Backbone::load(fixture("awkward/" + file)); });
  };
  EXPECT_THAT(error_of("tensor.pt"), HasSubstr("a tensor or a list"));
  EXPECT_THAT(error_of("list.pt"), HasSubstr("a tensor or a list"));
  EXPECT_THAT(error_of("pointer.pt"), HasSubstr("git lfs pull"));
  EXPECT_THAT(error_of("page.pt"), HasSubstr("is a web page"));
  EXPECT_THAT(error_of("compressed.pt"), HasSubstr("gunzip -c"));
}

}  // namespace
}  // namespace transfer
