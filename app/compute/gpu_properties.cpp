#include "app/compute/gpu_properties.h"

#include <c10/core/DeviceGuard.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <array>
#include <memory>

// Earlier versions count it behind CUDA's own headers alone.
#define TRANSFER_COUNTS_GPU_MEMORY (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10)
#if TRANSFER_COUNTS_GPU_MEMORY
#include <ATen/DeviceAccelerator.h>
#endif

namespace transfer {
namespace {

/// The driver's library; LibTorch has loaded it already where a GPU works.
class Driver {
 public:
  Driver() : library_(::dlopen("libcuda.so.1", RTLD_LAZY), close_library) {}

  /// A function of the driver API; nullptr where it is missing.
  template <typename Function>
  Function* find(const char* name) const {
    if (!library_) return nullptr;
    return reinterpret_cast<Function*>(::dlsym(library_.get(), name));
  }

 private:
  static void close_library(void* library) {
    if (library != nullptr) ::dlclose(library);
  }
  std::unique_ptr<void, void (*)(void*)> library_;
};

/// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and …_MINOR of cuda.h.
constexpr int kMajorAttribute = 75;
constexpr int kMinorAttribute = 76;

}  // namespace

std::string GpuProperties::text() const {
  return fmt::format("{} (compute capability {}.{})", name.empty() ? "GPU" : name, major, minor);
}

GpuProperties gpu_properties(torch::Device device) {
  GpuProperties properties;
  if (!device.is_cuda()) return properties;
  const Driver driver;
  auto* const get_device = driver.find<int(int*, int)>("cuDeviceGet");
  auto* const get_name = driver.find<int(char*, int, int)>("cuDeviceGetName");
  auto* const get_attribute = driver.find<int(int*, int, int)>("cuDeviceGetAttribute");
  int handle = 0;
  if (get_device == nullptr || get_device(&handle, device.index()) != 0) return properties;
  std::array<char, 128> name = {};
  if (get_name != nullptr && get_name(name.data(), static_cast<int>(name.size()), handle) == 0) {
    properties.name = name.data();
  }
  if (get_attribute != nullptr) {
    get_attribute(&properties.major, kMajorAttribute, handle);
    get_attribute(&properties.minor, kMinorAttribute, handle);
  }
  return properties;
}

std::int64_t peak_gpu_memory_bytes(torch::Device device) {
  if (!device.is_cuda()) return 0;
#if TRANSFER_COUNTS_GPU_MEMORY
  constexpr std::size_t kAll = 0;  // of the pools that are counted apart as well
  return at::accelerator::getDeviceStats(device.index()).allocated_bytes.at(kAll).peak;
#else
  return 0;
#endif
}

std::int64_t free_gpu_memory_bytes(torch::Device device) {
  if (!device.is_cuda()) return 0;
  const c10::DeviceGuard on_device(device);
  const Driver driver;
  auto* const get_info = driver.find<int(std::size_t*, std::size_t*)>("cuMemGetInfo_v2");
  std::size_t free = 0;
  std::size_t total = 0;
  if (get_info == nullptr || get_info(&free, &total) != 0) return 0;
  return static_cast<std::int64_t>(free);
}

}  // namespace transfer
