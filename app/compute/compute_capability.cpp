#include "app/compute/compute_capability.h"

#include <dlfcn.h>

#include <array>
#include <memory>

namespace transfer {
namespace {

void close_library(void* library) {
  if (library != nullptr) ::dlclose(library);
}

/// CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and …_MINOR of cuda.h.
constexpr int kMajorAttribute = 75;
constexpr int kMinorAttribute = 76;

/// A GPU as its driver knows it.
class DriverDevice {
 public:
  explicit DriverDevice(torch::Device device) {
    using GetDevice = int(int* handle, int ordinal);
    auto* const get_device = function<GetDevice>("cuDeviceGet");
    is_known_ = get_device != nullptr && get_device(&handle_, device.index()) == 0;
  }

  bool is_known() const { return is_known_; }
  int handle() const { return handle_; }

  /// A function of the driver's interface; nullptr where it has none of that name.
  template <typename Function>
  Function* function(const char* name) const {
    if (!driver_) return nullptr;
    return reinterpret_cast<Function*>(::dlsym(driver_.get(), name));
  }

 private:
  // LibTorch has loaded it already where a GPU works.
  std::unique_ptr<void, void (*)(void*)> driver_{::dlopen("libcuda.so.1", RTLD_LAZY),
                                                 close_library};
  int handle_ = 0;
  bool is_known_ = false;
};

}  // namespace

ComputeCapability compute_capability(torch::Device device) {
  using GetAttribute = int(int* value, int attribute, int handle);
  ComputeCapability capability;
  const DriverDevice gpu(device);
  auto* const get_attribute = gpu.function<GetAttribute>("cuDeviceGetAttribute");
  if (!gpu.is_known() || get_attribute == nullptr) return capability;
  get_attribute(&capability.major, kMajorAttribute, gpu.handle());
  get_attribute(&capability.minor, kMinorAttribute, gpu.handle());
  return capability;
}

std::string gpu_name(torch::Device device) {
  if (!device.is_cuda()) return "";
  using GetName = int(char* name, int length, int handle);
  std::array<char, 256> name = {};
  const DriverDevice gpu(device);
  auto* const get_name = gpu.function<GetName>("cuDeviceGetName");
  if (!gpu.is_known() || get_name == nullptr) return "";
  if (get_name(name.data(), static_cast<int>(name.size()) - 1, gpu.handle()) != 0) return "";
  return name.data();
}

}  // namespace transfer
