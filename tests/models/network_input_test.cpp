#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "models/archive.h"
#include "models/backbone.h"
#include "models/blank_image.h"
#include "models/classifier.h"
#include "models/network_input.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

InputSettings of_input(const InputConfig& input) {
  return {.input = input, .size = {}, .resize = {}};
}

InputConfig normalised(double mean, double std) {
  InputConfig input;
  input.mean = {mean};
  input.std = {std};
  return input;
}

template <typename ErrorType>
std::string input_error(const std::string& name, const InputConfig& input) {
  try {
    Backbone::load(fixture(name), of_input(input));
  } catch (const ErrorType& error) {
    return error.what();
  }
  return "no such error";
}

TEST(NetworkInput, FirstConvolutionIsFoundInScriptedAndTracedNetworks) {
  for (const auto& [name, channels] :
       std::map<std::string, std::int64_t>{{"no_metadata.pt", 3},
                                           {"channels_1.pt", 1},
                                           {"channels_2.pt", 2},
                                           {"channels_5.pt", 5},
                                           {"channels_1_traced.pt", 1},
                                           {"channels_4_traced.pt", 4}}) {
    const auto found = first_convolution(read_archive(fixture(name)).module);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ(found->path, "stem.0") << name;
    EXPECT_EQ(found->channels, channels) << name;
  }
}

TEST(NetworkInput, GreyNetworksGetGreyImages) {
  for (const char* name : {"channels_1.pt", "channels_1_traced.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    const Preprocessing& p = backbone.metadata().preprocessing;
    EXPECT_EQ(p.channels, 1);
    ASSERT_EQ(p.mean.size(), 1U);
    EXPECT_NEAR(p.mean[0], 0.449, 1e-3);
    EXPECT_NEAR(p.std[0], 0.226, 1e-3);
    ASSERT_EQ(backbone.assumptions().size(), 2U);
    EXPECT_THAT(backbone.assumptions()[0],
                AllOf(HasSubstr("stem.0"), HasSubstr("1 channel"), HasSubstr("grey")));
    EXPECT_THAT(backbone.assumptions()[1], AllOf(HasSubstr("transfer.json"), HasSubstr("0.449")));
    EXPECT_EQ(run_blank_image(backbone, {""}).back().shape.back(), 10);
  }
}

TEST(NetworkInput, OtherChannelsNeedSettings) {
  for (const auto& [name, channels] :
       std::map<std::string, std::string>{{"channels_2.pt", "2"},
                                          {"channels_4.pt", "4"},
                                          {"channels_4_traced.pt", "4"},
                                          {"channels_5.pt", "5"}}) {
    EXPECT_THAT(input_error<ModelError>(name, {}),
                AllOf(HasSubstr(name), HasSubstr("images of " + channels + " channels"),
                      HasSubstr("input.channels=" + channels), HasSubstr("input.mean"),
                      HasSubstr("input.std")))
        << name;
    const auto backbone = Backbone::load(fixture(name), of_input(normalised(0.5, 0.25)));
    const Preprocessing& p = backbone.metadata().preprocessing;
    EXPECT_EQ(std::to_string(p.channels), channels);
    EXPECT_EQ(p.mean, std::vector<float>(static_cast<std::size_t>(p.channels), 0.5F));
    EXPECT_EQ(p.std, std::vector<float>(static_cast<std::size_t>(p.channels), 0.25F));
    EXPECT_EQ(run_blank_image(backbone, {""}).back().shape.back(), 10);
  }
  InputConfig half = normalised(0.5, 0.25);
  half.std.clear();
  half.channels = 4;
  EXPECT_THAT(input_error<ModelError>("channels_4.pt", half), HasSubstr("input.std"));
}

TEST(NetworkInput, NetworksThatChangeTheirImagesThemselvesTakeColours) {
  for (const char* name : {"adds_channels.pt", "folds_space.pt"}) {
    const auto backbone = Backbone::load(fixture(name));
    EXPECT_EQ(backbone.metadata().preprocessing.channels, 3) << name;
    EXPECT_EQ(run_blank_image(backbone, {""}).back().shape.back(), 10) << name;
  }
  InputConfig grey;
  grey.channels = 1;
  const auto repeats = Backbone::load(fixture("repeats_grey.pt"), of_input(grey));
  EXPECT_EQ(repeats.metadata().preprocessing.channels, 1);
  EXPECT_EQ(run_blank_image(repeats, {""}).back().shape.back(), 10);
}

TEST(NetworkInput, SettingsThatDoNotFitNameTheirPlace) {
  InputConfig input = normalised(0.5, 0.5);
  input.channels = 3;
  input.places["input.channels"] = "run.yaml:3";
  EXPECT_THAT(input_error<ConfigError>("channels_1.pt", input),
              AllOf(HasSubstr("run.yaml:3: input.channels: found 3"), HasSubstr("stem.0"),
                    HasSubstr("reads 1 channel. Expected 1")));
  input.channels.reset();
  input.mean = {0.5, 0.5, 0.5};
  input.places["input.mean"] = "run.yaml:9";
  EXPECT_THAT(input_error<ConfigError>("channels_4.pt", input),
              AllOf(HasSubstr("run.yaml:9: input.mean: found 3 numbers"), HasSubstr("or 4")));
  EXPECT_THAT(input_error<ConfigError>("channels_1.pt", input), HasSubstr("1 channel."));
  input = normalised(0.5, 0.5);
  input.order = ChannelOrder::kBgr;
  EXPECT_THAT(input_error<ConfigError>("channels_4.pt", input), HasSubstr("needs 3"));
}

TEST(NetworkInput, SettingsAreTakenAsTheyAre) {
  InputConfig input;
  input.mean = {103.939, 116.779, 123.68};
  input.std = {1};
  input.scale = PixelScale::k255;
  input.order = ChannelOrder::kBgr;
  const auto backbone = Backbone::load(fixture("no_metadata.pt"), {input, {48, 80}, Resize::kPad});
  const Preprocessing& p = backbone.metadata().preprocessing;
  EXPECT_THAT(p.mean, ElementsAre(103.939F, 116.779F, 123.68F));
  EXPECT_THAT(p.std, ElementsAre(1.0F, 1.0F, 1.0F));
  EXPECT_EQ(p.scale, PixelScale::k255);
  EXPECT_EQ(p.order, ChannelOrder::kBgr);
  EXPECT_EQ(p.height, 48);
  EXPECT_EQ(p.width, 80);
  EXPECT_EQ(p.resize_rule, ResizeRule::kPad);
  EXPECT_THAT(backbone.assumptions(), IsEmpty()) << "nothing is left open";
}

TEST(NetworkInput, ImageNetsNumbersFollowTheOrderOfColours) {
  InputConfig input;
  input.order = ChannelOrder::kBgr;
  const auto backbone = Backbone::load(fixture("no_metadata.pt"), of_input(input));
  EXPECT_THAT(backbone.metadata().preprocessing.mean, ElementsAre(0.406F, 0.456F, 0.485F));
}

TEST(NetworkInput, AFileWithMetadataDecidesByItself) {
  const InputConfig same = normalised(0.5, 0.25);
  EXPECT_EQ(Backbone::load(fixture("tiny.pt"), of_input(same)).metadata().preprocessing,
            Backbone::load(fixture("tiny.pt")).metadata().preprocessing);
  std::vector<std::pair<std::string, InputConfig>> others(5);
  others[0] = {"input.channels", {}};
  others[0].second.channels = 1;
  others[1] = {"input.mean", normalised(0.4, 0.25)};
  others[2] = {"input.std", normalised(0.5, 0.2)};
  others[3] = {"input.scale", {}};
  others[3].second.scale = PixelScale::k255;
  others[4] = {"input.order", {}};
  others[4].second.order = ChannelOrder::kBgr;
  for (const auto& [key, input] : others) {
    EXPECT_THAT(input_error<ConfigError>("tiny.pt", input),
                AllOf(HasSubstr(key + ": found"), HasSubstr("tiny.pt"), HasSubstr("Leave"),
                      HasSubstr("transfer.json")))
        << key;
  }
}

TEST(NetworkInput, SizesAndRulesApplyToEveryNetwork) {
  const auto fitted = [](ImageSize size, std::optional<Resize> resize) {
    return Backbone::load(fixture("tiny.pt"), {InputConfig{}, size, resize})
        .metadata()
        .preprocessing;
  };
  const Preprocessing own = fitted({}, {});
  EXPECT_EQ(own.resize, 36);
  const Preprocessing large = fitted({64, 64}, {});
  EXPECT_EQ(large.resize_rule, ResizeRule::kShorterSide);
  EXPECT_EQ(large.resize, 72);
  const Preprocessing wide = fitted({32, 64}, {});
  EXPECT_EQ(wide.resize_rule, ResizeRule::kCover);
  EXPECT_EQ(wide.resize, 36);
  EXPECT_EQ(wide.width, 64);
  EXPECT_EQ(fitted({64, 32}, Resize::kStretch).resize_rule, ResizeRule::kStretch);
  EXPECT_EQ(fitted({}, Resize::kPad).resize_rule, ResizeRule::kPad);
  EXPECT_EQ(fitted({}, Resize::kCrop), own);
  const auto padded = Backbone::load(fixture("tiny.pt"), {InputConfig{}, {}, Resize::kPad});
  const auto cropped = padded.with_input({InputConfig{}, {224, 224}, Resize::kCrop});
  EXPECT_EQ(cropped.metadata().preprocessing.resize, 256);
}

TEST(NetworkInput, StagesDoNotDependOnTheSizeOfImages) {
  const auto usual = Backbone::load(fixture("no_metadata.pt")).metadata().stages;
  EXPECT_EQ(
      Backbone::load(fixture("no_metadata.pt"), {InputConfig{}, {4, 4}, {}}).metadata().stages,
      usual);
}

TEST(Metadata, KeepsEveryInputAndNamesTheOldestVersionThatCan) {
  ModelMetadata metadata;
  std::vector<Preprocessing> inputs(6);
  inputs[0].channels = 1;
  inputs[0].mean = inputs[0].std = {0.5F};
  inputs[1].order = ChannelOrder::kBgr;
  inputs[2].scale = PixelScale::k255;
  inputs[3].channels = 5;
  inputs[3].mean = {1, 2, 3, 4, 5};
  inputs[3].std = {5, 4, 3, 2, 1};
  inputs[4].resize_rule = ResizeRule::kPad;
  inputs[5].resize_rule = ResizeRule::kCover;
  inputs[5].width = 448;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    metadata.preprocessing = inputs[i];
    const std::string text = to_json(metadata);
    EXPECT_EQ(parse_metadata(text, "f").preprocessing, inputs[i]) << text;
    EXPECT_THAT(text, HasSubstr(i == 0 ? "\"format_version\": 1" : "\"format_version\": 3"));
  }
}

TEST(Metadata, ChannelsThatDoNotFitTheirNumbersAreRefused) {
  ModelMetadata metadata;
  metadata.preprocessing.channels = 4;
  metadata.preprocessing.mean.assign(4, 0.5F);
  metadata.preprocessing.std.assign(3, 0.5F);
  EXPECT_THROW(parse_metadata(to_json(metadata), "f"), ModelError);
  metadata.preprocessing.mean.clear();
  metadata.preprocessing.std.clear();
  EXPECT_THROW(parse_metadata(to_json(metadata), "f"), ModelError);
}

TEST(Metadata, NumbersThatNoImageCanBePreparedWithAreRefused) {
  const std::string text = to_json(ModelMetadata{});
  const auto json = nlohmann::json::parse(text);
  const auto refuses = [&](const char* field, const nlohmann::json& value) {
    auto changed = json;
    changed["preprocessing"][field] = value;
    try {
      parse_metadata(changed.dump(), "model.pt");
      return false;
    } catch (const ModelError& error) {
      return std::string(error.what()).find(field) != std::string::npos;
    }
  };
  EXPECT_FALSE(refuses("std", json["preprocessing"]["std"]));
  EXPECT_TRUE(refuses("std", {0.2, 0, 0.2}));
  EXPECT_TRUE(refuses("std", {0.2, -0.2, 0.2}));
  EXPECT_TRUE(refuses("std", {0.2, 1e60, 0.2}));  // infinite as float32
  EXPECT_TRUE(refuses("mean", {0.5, -1e60, 0.5}));
  EXPECT_TRUE(refuses("resize", 1'000'000'000'000));
  EXPECT_TRUE(refuses("resize", 1e100));
  EXPECT_TRUE(refuses("input_size", {1e100, 32}));
  EXPECT_TRUE(refuses("input_size", {32, 18446744073709551648.0}));
  EXPECT_TRUE(refuses("input_size", {32.5, 32}));
  EXPECT_FALSE(refuses("input_size", {224.0, 224}));
}

TEST(Classifier, KeepsTheInputOfItsBackbone) {
  const auto backbone =
      Backbone::load(fixture("channels_4.pt"), {normalised(100, 50), {16, 24}, Resize::kPad});
  const std::string file = testing::TempDir() + "/four_channels.pt";
  write_classifier(backbone, "", linear_head(torch::randn({2, 16}), torch::zeros({2})), {"a", "b"},
                   file);
  const Classifier model(file, torch::kCPU);
  EXPECT_EQ(model.metadata().preprocessing, backbone.metadata().preprocessing);
  EXPECT_EQ(model.logits(torch::rand({3, 4, 16, 24})).size(1), 2);
  EXPECT_EQ(Backbone::load(file).metadata().preprocessing, backbone.metadata().preprocessing);
}

}  // namespace
}  // namespace transfer
