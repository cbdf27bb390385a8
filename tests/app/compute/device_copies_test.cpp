#include "app/compute/device_copies.h"

#include <gmock/gmock.h>
#include <torch/cuda.h>

#include "tests/app/stand_in_device.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DeviceCopies, OnTheCpuNothingIsCopied) {
  const auto tensor = torch::ones({3});
  EXPECT_TRUE(to_device(tensor, torch::kCPU).is_same(tensor));
  EXPECT_FALSE(copy_stream_for(torch::kCPU).has_value());
  auto number = torch::full({}, 2.5F);
  const PendingNumber pending(number);
  EXPECT_EQ(pending.wait(), 2.5);
}

TEST(DeviceCopies, NumbersOfDifferentTypesAreReadTogether) {
  EXPECT_THAT(read_numbers({torch::full({}, 0.1, torch::kFloat64), torch::full({}, 1.0F)}),
              ElementsAre(0.1, 1.0));
  EXPECT_THAT(read_numbers({}), IsEmpty());
}

TEST(DeviceCopies, WhoTakesATensorWaitsForItAndTheHostDoesNot) {
  StandInDevice device;
  const CopyStream copies(torch::kMeta);
  auto arriving = copies.send(torch::ones({3, 2}));
  EXPECT_THAT(device.take_notes(), ElementsAre("on stream 7", "event 1 behind 7", "on stream 0"));
  const auto taken = copies.take(std::move(arriving));
  EXPECT_THAT(device.take_notes(), ElementsAre("0 waits for event 1", "memory used by 0"));
  EXPECT_TRUE(taken.is_meta());
  EXPECT_EQ(taken.sizes(), (std::vector<std::int64_t>{3, 2}));
}

TEST(DeviceCopies, WhatIsFetchedHasBeenComputed) {
  StandInDevice device;
  const CopyStream copies(torch::kMeta);
  // Numbers cannot leave this device, so both ends lie on it.
  const auto arrival = copies.fetch(torch::ones({4}, torch::kMeta), torch::ones({4}, torch::kMeta));
  EXPECT_THAT(device.take_notes(), ElementsAre("event 1 behind 0", "7 waits for event 1",
                                               "on stream 7", "event 2 behind 7", "on stream 0"));
  arrival.synchronize();
  EXPECT_THAT(device.take_notes(), ElementsAre("the host waits for event 2"));
}

TEST(DeviceCopies, OnAGpuNumbersArrive) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no GPU";
  const auto device = torch::Device(torch::kCUDA, 0);
  const auto numbers = torch::arange(1 << 20).to(torch::kFloat32);
  EXPECT_TRUE(torch::equal(to_device(numbers, device).to(torch::kCPU), numbers));
  const CopyStream copies(device);
  const auto taken = copies.take(copies.send(numbers));
  const PendingNumber sum(taken.sum());
  const auto doubled = taken * 2;
  const auto host = torch::zeros_like(numbers).pin_memory();
  copies.fetch(doubled, host).synchronize();
  EXPECT_TRUE(torch::equal(host, numbers * 2));
  EXPECT_EQ(sum.wait(), numbers.sum().item<float>());
  EXPECT_THAT(read_numbers({taken[3], taken[5].to(torch::kFloat64)}), ElementsAre(3, 5));
}

}  // namespace
}  // namespace transfer
