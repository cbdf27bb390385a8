#include "models/activation_maps.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/errors.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Backbone load_at_32(const std::string& file) {
  return Backbone::load(file, {.input = {}, .size = {32, 32}, .resize = {}});
}

std::string golden_network(const std::string& name) {
  return path_in("TRANSFER_GOLDEN", "activation_maps/" + name);
}

/// Compares all methods at a stage with Python's.
void expect_as_in_python(const ActivationMaps& maps, const std::string& network) {
  const auto expected = golden("activation_maps/maps.pt");
  for (const MapMethod method : {MapMethod::kGradCam, MapMethod::kLayerCam, MapMethod::kEigenCam}) {
    const auto found = maps.explain(expected.at("images"), expected.at("outputs"), method);
    const auto name = fmt::format("{}_{}_{}", network, maps.stage(), name_of(method));
    const auto& map = expected.at(name);
    ASSERT_EQ(found.maps.sizes(), map.sizes()) << name;
    EXPECT_GT(map.max().item<double>(), 5e-4) << name << " says nothing";
    EXPECT_LT(largest_difference(found.maps, map), 1e-4 * map.max().item<double>()) << name;
    EXPECT_TRUE(torch::equal(found.outputs, expected.at("outputs")));
  }
}

TEST(ActivationMaps, OfACnnAreThoseOfPythonsHooks) {
  for (const char* file : {"tiny.pt", "tiny_traced.pt"}) {
    const auto backbone = Backbone::load(fixture(file));
    for (const char* stage : {"blocks.0", "blocks.1"}) {
      expect_as_in_python(ActivationMaps(backbone, stage), "tiny");
    }
  }
}

TEST(ActivationMaps, TheClassTokenAloneIsNoReasonForAnEmptyMap) {
  const auto backbone = load_at_32(golden_network("transformer.pt"));
  const ActivationMaps maps(backbone, "");
  EXPECT_EQ(maps.stage(), "second") << "behind the third the classifier reads the class token";
  expect_as_in_python(maps, "transformer");
  expect_as_in_python(ActivationMaps(backbone, "first"), "transformer");
  try {
    const ActivationMaps empty(backbone, "third");
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("third"), HasSubstr("earlier stage")));
  }
}

TEST(ActivationMaps, OfChannelsLast) {
  const ActivationMaps maps(load_at_32(golden_network("channels_last.pt")), "");
  EXPECT_EQ(maps.stage(), "second");
  expect_as_in_python(maps, "channels_last");
}

TEST(ActivationMaps, MinusOneExplainsTheLargestOutput) {
  const auto expected = golden("activation_maps/maps.pt");
  const ActivationMaps maps(Backbone::load(fixture("tiny.pt")), "");
  const auto found =
      maps.explain(expected.at("images"), torch::full({6}, -1, torch::kInt64), MapMethod::kGradCam);
  EXPECT_TRUE(torch::equal(found.outputs, expected.at("tiny_largest")));
}

TEST(ActivationMaps, AnUnknownStageIsRefusedWithTheNearest) {
  const auto backbone = Backbone::load(fixture("tiny.pt"));
  try {
    const ActivationMaps maps(backbone, "block.1");
    FAIL() << "expected ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'block.1'"), HasSubstr("did you mean 'blocks.1'?"),
                                    HasSubstr("--cam-stage")));
  }
}

}  // namespace
}  // namespace transfer
