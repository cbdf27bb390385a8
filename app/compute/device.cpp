#include "app/compute/device.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sched.h>
#include <torch/cuda.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "app/compute/container_limits.h"
#include "core/errors.h"

namespace transfer {
namespace {

[[noreturn]] void refuse_device(const std::string& name) {
  throw ConfigError(
      fmt::format("--device {}: expected auto, cpu, cuda or cuda:N, such as cuda:0", name));
}

std::int64_t cuda_devices() { return static_cast<unsigned char>(torch::cuda::device_count()); }

/// The N of `cuda:N`; 0 for plain `cuda`.
int device_index(const std::string& name) {
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) refuse_device(name);
  int index = 0;
  const char* end = name.data() + name.size();
  const auto [parsed, error] = std::from_chars(name.data() + 5, end, index);
  if (error != std::errc() || parsed != end || index < 0) refuse_device(name);
  return index;
}

/// Cores that `taskset`, a cpuset or the batch system leave to this process;
/// std::thread::hardware_concurrency counts all of the machine.
std::int64_t allowed_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
  return std::thread::hardware_concurrency();  // more cores than the set has room for
}

}  // namespace

torch::Device choose_device(const std::string& name, std::int64_t local_rank) {
  if (name == "cpu") return torch::kCPU;
  const auto in_turn = [&] {
    return torch::Device(torch::kCUDA,
                         static_cast<torch::DeviceIndex>(local_rank % cuda_devices()));
  };
  if (name == "auto") return torch::cuda::is_available() ? in_turn() : torch::Device(torch::kCPU);
  const int index = device_index(name);
  if (!torch::hasCUDA()) {
    throw DeviceError(fmt::format(
        "--device {}: this LibTorch was built without CUDA. Install a CUDA build of torch, point "
        "TORCH_DIR at it and build again; or use --device cpu.",
        name));
  }
  const std::int64_t count = cuda_devices();
  if (count == 0) {
    throw DeviceError(
        fmt::format("--device {}: no CUDA device was found; is the NVIDIA driver installed? Or use "
                    "--device cpu.",
                    name));
  }
  if (index >= count) {
    throw DeviceError(
        fmt::format("--device {}: there are {} CUDA devices, numbered from 0.", name, count));
  }
  if (name == "cuda") return in_turn();
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(index)};
}

void use_threads_for(std::int64_t multiply_adds, std::int64_t threads) {
  constexpr std::int64_t kWorthSharing = std::int64_t{1} << 26;
  at::set_num_threads(multiply_adds >= kWorthSharing ? static_cast<int>(threads) : 1);
}

std::int64_t usable_cores() { return threads_within(read_container_limits(), allowed_cores()); }

std::int64_t use_threads(std::int64_t threads) {
  const std::int64_t count = threads > 0 ? threads : usable_cores();
  at::set_num_threads(static_cast<int>(count));
  return count;
}

}  // namespace transfer
