#include "app/compute/compute_capability.h"

#include <dlfcn.h>

#include <memory>

namespace transfer {
namespace {

void close_library(void* library) {
  if (library != nullptr) ::dlclose(library);
}

/// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and …_MINOR of cuda.h.
constexpr int kMajorAttribute = 75;
constexpr int kMinorAttribute = 76;

}  // namespace

ComputeCapability compute_capability(torch::Device device) {
  ComputeCapability capability;
  // LibTorch has loaded it already where a GPU works.
  const std::unique_ptr<void, void (*)(void*)> driver(::dlopen("libcuda.so.1", RTLD_LAZY),
                                                      close_library);
  if (!driver) return capability;
  using GetDevice = int(int* handle, int ordinal);
  using GetAttribute = int(int* value, int attribute, int handle);
  auto* const get_device = reinterpret_cast<GetDevice*>(::dlsym(driver.get(), "cuDeviceGet"));
  auto* const get_attribute =
      reinterpret_cast<GetAttribute*>(::dlsym(driver.get(), "cuDeviceGetAttribute"));
  int handle = 0;
  if (get_device == nullptr || get_attribute == nullptr) return capability;
  if (get_device(&handle, device.index()) != 0) return capability;
  get_attribute(&capability.major, kMajorAttribute, handle);
  get_attribute(&capability.minor, kMinorAttribute, handle);
  return capability;
}

}  // namespace transfer
