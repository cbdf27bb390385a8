#include <gmock/gmock.h>

#include <fstream>

#include "configs/fields.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Config with_settings(const std::vector<std::string>& settings) {
  ConfigSources sources;
  sources.settings = settings;
  return resolve_config(sources, kStrategies);
}

std::string message_of_settings(const std::vector<std::string>& settings) {
  ConfigSources sources;
  sources.settings = settings;
  return message_of(sources);
}

std::string message_of_file(const std::string& yaml) {
  const std::string file = testing::TempDir() + "/input_test.yaml";
  std::ofstream(file) << yaml;
  ConfigSources sources;
  sources.files = {file};
  return message_of(sources);
}

TEST(InputSettings, SizesAreReadInEveryForm) {
  using Size = ImageSize;
  EXPECT_EQ(with_settings({}).data.input_size, Size());
  EXPECT_EQ(with_settings({"data.input_size=160"}).data.input_size, (Size{160, 160}));
  EXPECT_EQ(with_settings({"data.input_size=160x320"}).data.input_size, (Size{160, 320}));
  EXPECT_EQ(with_settings({"data.input_size=[160, 320]"}).data.input_size, (Size{160, 320}));
  EXPECT_FALSE(
      with_settings({"data.input_size=160", "data.input_size=0"}).data.input_size.is_given());
  for (const char* wrong : {"0x10", "10x", "x10", "10x20x30", "[10]", "[10, 0]", "9000", "a", "-5",
                            "[0, 0]", "{a: 1}", "10.5"}) {
    EXPECT_THAT(message_of_settings({std::string("data.input_size=") + wrong}),
                AllOf(HasSubstr("data.input_size"), HasSubstr("[height, width]")))
        << wrong;
  }
}

TEST(InputSettings, ArePrintedAndReadBack) {
  const Config config =
      with_settings({"data.input_size=[64, 96]", "data.resize=pad", "input.channels=4",
                     "input.mean=[0.1, 0.2, 0.3, 0.4]", "input.std=0.5", "input.scale=0-255"});
  const std::string file = testing::TempDir() + "/printed_input.yaml";
  std::ofstream(file) << to_yaml(config);
  ConfigSources sources;
  sources.files = {file};
  const Config read = resolve_config(sources, kStrategies);
  EXPECT_EQ(to_yaml(read), to_yaml(config));
  EXPECT_EQ(read.data.input_size, (ImageSize{64, 96}));
  EXPECT_EQ(read.data.resize, Resize::kPad);
  EXPECT_EQ(read.input.channels, 4);
  EXPECT_THAT(read.input.mean, ElementsAre(0.1, 0.2, 0.3, 0.4));
  EXPECT_THAT(read.input.std, ElementsAre(0.5));
  EXPECT_EQ(read.input.scale, PixelScale::k255);
  EXPECT_FALSE(read.input.order.has_value());
}

TEST(InputSettings, OtherCountsThanChannelsNameTheLine) {
  EXPECT_THAT(
      message_of_file("seed: 1\ninput:\n  channels: 4\n  mean: [0.1, 0.2, 0.3]\n"),
      AllOf(HasSubstr("input_test.yaml:4: input.mean: found 3 numbers"), HasSubstr("or 4")));
  EXPECT_THAT(message_of_file("input:\n  std: [1, 2]\n  channels: 3\n"),
              AllOf(HasSubstr("input_test.yaml:2: input.std: found 2 numbers"), HasSubstr("or 3")));
  EXPECT_THAT(message_of_file("input:\n  mean: [1, 2]\n  std: [1, 2, 3]\n"),
              AllOf(HasSubstr("input_test.yaml:3: input.std"), HasSubstr("2, as many")));
  EXPECT_EQ(message_of_file("input:\n  channels: 4\n  mean: 0.5\n  std: [0.5]\n"), "no error");
  EXPECT_EQ(message_of_file("input:\n  mean: [0.1, 0.2, 0.3]\n  std: 1\n"), "no error");
}

TEST(InputSettings, NumbersForPixelsOfTo255NeedTheirScale) {
  EXPECT_THAT(message_of_file("input:\n  mean: 127\n  std: 58\n"),
              AllOf(HasSubstr("input_test.yaml:2: input.mean"), HasSubstr("input.scale=0-255")));
  EXPECT_THAT(message_of_settings({"input.mean=0.5", "input.std=58"}),
              AllOf(HasSubstr("input.std"), HasSubstr("input.scale=0-1")));
  EXPECT_EQ(message_of_file("input:\n  mean: 127\n  std: 58\n  scale: 0-255\n"), "no error");
  EXPECT_EQ(message_of_file("input:\n  mean: 0\n  std: 2\n  scale: 0-1\n"), "no error");
}

TEST(InputSettings, LaterPlacesWin) {
  EXPECT_THAT(message_of_settings({"input.channels=2", "input.mean=[1, 2, 3]"}),
              HasSubstr("--set: input.mean: found 3 numbers"));
}

TEST(InputSettings, UnclearOnesAreRefused) {
  EXPECT_THAT(message_of_settings({"input.scale=0-255"}),
              AllOf(HasSubstr("input.mean"), HasSubstr("input.std=1")));
  EXPECT_THAT(message_of_settings({"input.scale=0-255", "input.mean=128"}),
              HasSubstr("without input.std"));
  EXPECT_EQ(message_of_settings({"input.scale=0-255", "input.mean=0", "input.std=1"}), "no error");
  EXPECT_THAT(message_of_settings({"input.order=bgr", "input.channels=1"}),
              HasSubstr("needs 3 channels"));
  EXPECT_THAT(message_of_settings({"input.std=0"}), HasSubstr("input.std"));
  EXPECT_THAT(message_of_settings({"input.std=-1"}), HasSubstr("input.std"));
  EXPECT_THAT(message_of_settings({"input.mean=[0.5, .nan, 0.5]"}), HasSubstr("input.mean"));
  EXPECT_THAT(message_of_settings({"input.mean=[0.5, [1], 0.5]"}), HasSubstr("input.mean"));
  EXPECT_THAT(message_of_settings({"input.scale=255"}), HasSubstr("0-255"));
  EXPECT_THAT(message_of_settings({"input.order=grb"}), HasSubstr("rgb"));
  EXPECT_THAT(message_of_settings({"data.resize=letterbox"}), HasSubstr("crop, stretch, pad"));
}

}  // namespace
}  // namespace transfer
