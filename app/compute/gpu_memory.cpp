#include "app/compute/gpu_memory.h"

#include <torch/version.h>

#include <algorithm>

#include "app/compute/tensor_memory.h"

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 10)
#define TRANSFER_HAS_DEVICE_STATISTICS 1
#include <ATen/DeviceAccelerator.h>
#endif

namespace transfer {

std::optional<std::int64_t> peak_gpu_memory_bytes(torch::Device device) {
#ifdef TRANSFER_HAS_DEVICE_STATISTICS
  if (!device.is_cuda()) return std::nullopt;
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return at::accelerator::getDeviceStats(device.index()).reserved_bytes[kAll].peak;
#else
  static_cast<void>(device);
  return std::nullopt;
#endif
}

std::int64_t free_device_memory_bytes(torch::Device device) {
  if (device.is_cpu()) {
    return std::max<std::int64_t>(available_memory_bytes() - resident_memory_bytes(), 0);
  }
#ifdef TRANSFER_HAS_DEVICE_STATISTICS
  return static_cast<std::int64_t>(at::accelerator::getMemoryInfo(device.index()).first);
#else
  return 0;
#endif
}

}  // namespace transfer
