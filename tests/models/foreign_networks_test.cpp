#include <gmock/gmock.h>

#include <filesystem>

#include "core/errors.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "models/composition.h"
#include "models/dry_pass.h"
#include "models/frozen_trunk.h"
#include "models/surgery.h"
#include "models/trainable_network.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSize = 24;
constexpr std::int64_t kClasses = 3;

std::string foreign(const std::string& name) { return fixture("foreign/" + name); }

Backbone load_foreign(const std::string& name) {
  return Backbone::load(foreign(name + ".pt")).with_input_size(kSize);
}

std::map<std::string, torch::Tensor> golden_of(const std::string& name) {
  return read_tensors(foreign(name + ".golden.pt"));
}

template <typename Call>
std::string model_error_of(const Call& call) {
  try {
    call();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

std::string load_error_of(const std::string& file) {
  return model_error_of([&] { Backbone::load(foreign(file)); });
}

std::string pass_error_of(const std::string& name, std::int64_t size = kSize) {
  const auto backbone = Backbone::load(foreign(name + ".pt")).with_input_size(size);
  return model_error_of([&] { require_pass(backbone); });
}

Head new_head(std::int64_t features) {
  return linear_head(torch::ones({kClasses, features}), torch::zeros({kClasses}));
}

class ForeignNetwork : public testing::TestWithParam<std::string> {};

TEST_P(ForeignNetwork, ComputesWhatItComputedBeforeAndMakesAModelThatRuns) {
  const torch::NoGradGuard no_gradients;
  const auto expected = golden_of(GetParam());
  const auto backbone = load_foreign(GetParam());
  EXPECT_EQ(backbone.remarks().size(), 1U);
  require_pass(backbone);
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  const auto features = trunk.features(expected.at("input"));
  EXPECT_EQ(features.scalar_type(), torch::kFloat);
  EXPECT_LT(largest_difference(features, expected.at("features")), 1e-4);
  const std::string file = fixture("foreign/written_" + GetParam() + ".pt");
  write_classifier(backbone, "", new_head(features.size(1)), {"a", "b", "c"}, file);
  auto module = torch::jit::load(file);
  const auto sums = expected.at("features").sum(1, /*keepdim=*/true).expand({-1, kClasses});
  EXPECT_LT(largest_difference(module.forward({expected.at("input")}).toTensor(), sums), 1e-3);
  // Loaded last, since forward keeps its execution plan.
  auto original = load_foreign(GetParam()).implementation().module;
  EXPECT_LT(largest_difference(original.forward({expected.at("input")}).toTensor(),
                               expected.at("logits")),
            1e-4);
}

TEST_P(ForeignNetwork, TrainsInFloat32AndEveryWeightGetsAGradient) {
  const auto expected = golden_of(GetParam());
  TrainableNetwork network(load_foreign(GetParam()), {.classes = kClasses}, torch::kCPU);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : network.parameters()) names.push_back(name);
  network.train(names);
  network.logits(expected.at("input")).pow(2).sum().backward();
  for (const auto& [name, tensor] : network.parameters()) {
    EXPECT_EQ(tensor.scalar_type(), torch::kFloat) << name;
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_TRUE(tensor.grad().isfinite().all().item<bool>()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(NumberTypes, ForeignNetwork,
                         testing::Values("half", "bfloat16", "double", "casts_to_half",
                                         "ends_in_double"));
INSTANTIATE_TEST_SUITE_P(Buffers, ForeignNetwork,
                         testing::Values("in_buffers", "in_buffers_traced"));
INSTANTIATE_TEST_SUITE_P(Devices, ForeignNetwork,
                         testing::Values("names_a_device", "calls_cuda", "traced_on_a_gpu"));

TEST(WeightsInBuffers, AreParametersOfTheNetworkThatTrains) {
  for (const std::string name : {"in_buffers", "in_buffers_traced"}) {
    const TrainableNetwork network(load_foreign(name), {.classes = kClasses}, torch::kCPU);
    std::vector<std::string> names;
    for (const auto& [parameter, tensor] : network.parameters()) names.push_back(parameter);
    EXPECT_THAT(names, testing::IsSupersetOf({"trunk.filters", "trunk.scale", "trunk.shift"}));
  }
}

TEST(IntegerWeights, MayBeFrozenButNotTrained) {
  const auto backbone = load_foreign("integer_weights");
  const auto expected = golden_of("integer_weights");
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  EXPECT_LT(largest_difference(trunk.features(expected.at("input")), expected.at("features")),
            1e-4);
  EXPECT_THAT(model_error_of([&] { TrainableNetwork(backbone, {}, torch::kCPU); }),
              testing::AllOf(HasSubstr("'packed'"), HasSubstr("freeze-conv")));
}

class SharedLayer : public testing::TestWithParam<std::string> {};

TEST_P(SharedLayer, IsNotFoldedWhileTheOthersAre) {
  const torch::NoGradGuard no_gradients;
  const auto images = golden_of(GetParam()).at("input");
  TrainableOptions options{.classes = kClasses, .batch_norm = BatchNorm::kFrozen};
  TrainableNetwork frozen(load_foreign(GetParam()), options, torch::kCPU);
  options.batch_norm = BatchNorm::kFolded;
  TrainableNetwork folded(load_foreign(GetParam()), options, torch::kCPU);
  frozen.evaluate();
  folded.evaluate();
  EXPECT_LT(largest_difference(frozen.logits(images), folded.logits(images)), 1e-5);
  // A folded norm's weights have no part in the logits any more.
  const auto norms = [](const TrainableNetwork& network) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : network.parameters()) {
      if (name.ends_with(".weight") && tensor.dim() == 1) names.push_back(name);
    }
    return names;
  };
  if (GetParam().starts_with("tied")) return;  // each gets weights of its own
  const std::int64_t shared = static_cast<std::int64_t>(norms(frozen).size()) - 2;
  EXPECT_EQ(static_cast<std::int64_t>(norms(folded).size()), shared);
  EXPECT_THAT(norms(folded), Not(testing::Contains("trunk.stem.1.weight")));
}

INSTANTIATE_TEST_SUITE_P(Folding, SharedLayer,
                         testing::Values("shared_convolution", "shared_convolution_traced",
                                         "shared_norm", "shared_norm_traced", "repeats",
                                         "repeats_traced", "tied_convolutions",
                                         "tied_convolutions_traced"));

TEST(DryPass, NamesASizeThatWorksAndTheLayer) {
  const std::string error = pass_error_of("for_one_size", 224);
  EXPECT_THAT(error, testing::AllOf(HasSubstr("for_one_size.pt"), HasSubstr("224x224"),
                                    HasSubstr("'hidden'"), HasSubstr("data.input_size=32"),
                                    HasSubstr("mat1 and mat2"), Not(HasSubstr("Traceback"))));
  EXPECT_EQ(pass_error_of("for_one_size", 32), "no error");
}

TEST(DryPass, AGreyNetworkGetsGreyImages) {
  EXPECT_EQ(pass_error_of("for_one_size_grey", 32), "no error");
}

TEST(DryPass, RefusesNetworksThatMixTheImagesOfABatchOrDrawNumbers) {
  EXPECT_THAT(load_error_of("one_image_only.pt"), HasSubstr("takes one image at a time"));
  EXPECT_THAT(pass_error_of("mixes_images"), HasSubstr("depends on the other images"));
  EXPECT_THAT(load_error_of("draws_numbers.pt"), HasSubstr("different outputs for the same image"));
}

TEST(ForeignArchive, WithAnotherInputOrAnUnknownOperatorIsRefused) {
  EXPECT_THAT(load_error_of("takes_a_list.pt"), HasSubstr("List[Tensor]"));
  EXPECT_THAT(load_error_of("unknown_operator.pt"), HasSubstr("the operator torchvision::nms"));
}

TEST(ForeignArchive, OfAnotherFormatIsNamedWithTheCommandThatConvertsIt) {
  EXPECT_THAT(load_error_of("exported.pt2"), HasSubstr("torch.export.load("));
  for (const std::string file : {"pickled_module.pt", "pickled_module_old.pt"}) {
    EXPECT_THAT(load_error_of(file), HasSubstr("weights_only=False")) << file;
  }
  for (const std::string file : {"checkpoint.pth", "state_dict_old.pt"}) {
    EXPECT_THAT(load_error_of(file), HasSubstr("a state dict")) << file;
  }
  EXPECT_THAT(load_error_of("weights.safetensors"), HasSubstr("safetensors.torch.load_file("));
  EXPECT_THAT(load_error_of("network.onnx"), HasSubstr("onnx2torch.convert("));
  EXPECT_THAT(load_error_of("network.h5"), HasSubstr("--keras"));
  EXPECT_THAT(load_error_of("network.keras"), HasSubstr("--keras"));
  EXPECT_THAT(load_error_of("network.tflite"), HasSubstr("--tflite"));
}

TEST(WrittenModel, ThatComputesSomethingElseWhenReadBackIsNotLeftBehind) {
  const torch::NoGradGuard no_gradients;
  const auto backbone = load_foreign("one_by_one");
  auto whole = compose(cut_before_classifier(backbone.implementation().module,
                                             backbone.implementation().classifier, "one_by_one"),
                       new_head(12));
  define_prediction(whole, TargetKind::kClass);
  whole.eval();
  ExpectedOutputs expected;
  expected.image = sample_image(backbone.metadata().preprocessing);
  const auto fresh = copy_with_weights(whole);  // a method that has run keeps its plan
  expected.features = fresh.get_method("features")({expected.image}).toTensor();
  expected.outputs = fresh.get_method("forward")({expected.image}).toTensor();
  const std::string file = fixture("foreign/compared.pt");
  std::filesystem::remove(file);
  const auto write = [&] {
    write_composition(copy_with_weights(whole), backbone.metadata(), {"a", "b", "c"}, {}, file,
                      expected, {});
  };
  const auto right = expected;
  expected.features = right.features + 0.1 * right.features.abs().max();
  EXPECT_THAT(model_error_of(write), HasSubstr("`features` of the trained model"));
  expected = right;
  expected.outputs = right.outputs.flip(1) + torch::arange(kClasses);
  EXPECT_THAT(model_error_of(write), HasSubstr("`forward` of the trained model"));
  EXPECT_FALSE(std::filesystem::exists(file));
  expected = right;
  EXPECT_EQ(model_error_of(write), "no error");
  EXPECT_TRUE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace transfer
