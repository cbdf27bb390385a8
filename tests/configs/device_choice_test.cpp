#include "configs/device_choice.h"

#include <gmock/gmock.h>

#include "core/errors.h"

namespace transfer {
namespace {

TEST(DeviceChoice, Names) {
  EXPECT_EQ(parse_device("auto").kind, DeviceKind::kAuto);
  EXPECT_EQ(parse_device("cpu").kind, DeviceKind::kCpu);
  EXPECT_EQ(parse_device("cuda").kind, DeviceKind::kCuda);
  EXPECT_EQ(parse_device("cuda").index, std::nullopt);
  EXPECT_EQ(parse_device("cuda:12").kind, DeviceKind::kCuda);
  EXPECT_EQ(parse_device("cuda:12").index, 12);
}

TEST(DeviceChoice, OnlyANumberedGpuAndTheCpuAreFixed) {
  EXPECT_TRUE(parse_device("auto").takes_any_gpu());
  EXPECT_TRUE(parse_device("cuda").takes_any_gpu());
  EXPECT_FALSE(parse_device("cuda:0").takes_any_gpu());
  EXPECT_FALSE(parse_device("cpu").takes_any_gpu());
}

TEST(DeviceChoice, AnythingElseIsRefusedByName) {
  for (const std::string text : {"", "gpu", "CUDA", "cuda:", "cuda:x", "cuda:-1", "cuda:+1",
                                 "cuda:1x", "cuda:99999999999", "cpu:0", "auto:1", ":0"}) {
    try {
      parse_device(text);
      ADD_FAILURE() << "'" << text << "' is taken";
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("--device " + text + ":"));
      EXPECT_THAT(error.what(), testing::HasSubstr("cuda:N"));
    }
  }
}

}  // namespace
}  // namespace transfer
