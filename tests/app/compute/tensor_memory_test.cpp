#include "app/compute/tensor_memory.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace transfer {
namespace {

constexpr std::int64_t kMegabyte = 1 << 20;

torch::Tensor megabytes(std::int64_t count) {
  return torch::empty({count * kMegabyte}, torch::kUInt8);
}

TEST(TensorMemory, ThePeakIsOfTensorsThatLiveAtOnce) {
  const auto before = megabytes(7);
  const TensorMemoryMeter meter;
  { const auto first = megabytes(3); }
  {
    const auto second = megabytes(2);
    const auto third = megabytes(2);
  }
  const auto fourth = megabytes(1);
  EXPECT_EQ(meter.peak_bytes(), 4 * kMegabyte);
}

TEST(TensorMemory, GradientsCount) {
  const auto weight = torch::ones({kMegabyte / 4}, torch::requires_grad());
  const TensorMemoryMeter meter;
  (weight * 2.0).sum().backward();
  EXPECT_GE(meter.peak_bytes(), 2 * kMegabyte) << "the product's gradient and the weight's";
}

TEST(TensorMemory, NothingIsCountedOnceTheMeterIsGone) {
  std::int64_t peak = 0;
  {
    const TensorMemoryMeter meter;
    const auto tensor = megabytes(1);
    peak = meter.peak_bytes();
  }
  const auto later = megabytes(5);
  const TensorMemoryMeter next;
  EXPECT_EQ(peak, kMegabyte);
  EXPECT_EQ(next.peak_bytes(), 0);
}

TEST(TensorMemory, TheProcessHasLessThanItMayHave) {
  EXPECT_GT(resident_memory_bytes(), kMegabyte);
  EXPECT_GT(available_memory_bytes(), resident_memory_bytes() / 2);
}

}  // namespace
}  // namespace transfer
