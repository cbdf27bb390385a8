#include "app/compute/device.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sched.h>
#include <torch/cuda.h>

#include <algorithm>
#include <thread>

#include "app/compute/container_limits.h"
#include "configs/device_choice.h"
#include "core/errors.h"

namespace transfer {
namespace {

std::int64_t cuda_devices() { return static_cast<unsigned char>(torch::cuda::device_count()); }

/// Cores that `taskset`, a cpuset or the batch system leave to this process;
/// std::thread::hardware_concurrency counts all of the machine.
std::int64_t allowed_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
  return std::thread::hardware_concurrency();  // more cores than the set has room for
}

}  // namespace

torch::Device choose_device(const std::string& name, std::int64_t local_rank) {
  const DeviceChoice choice = parse_device(name);
  const auto in_turn = [&] {
    return torch::Device(torch::kCUDA,
                         static_cast<torch::DeviceIndex>(local_rank % cuda_devices()));
  };
  switch (choice.kind) {
    case DeviceKind::kCpu: return torch::kCPU;
    case DeviceKind::kAuto:
      return torch::cuda::is_available() ? in_turn() : torch::Device(torch::kCPU);
    case DeviceKind::kCuda: break;
  }
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
  if (!choice.index) return in_turn();
  if (*choice.index >= count) {
    throw DeviceError(
        fmt::format("--device {}: there are {} CUDA devices, numbered from 0.", name, count));
  }
  return {torch::kCUDA, static_cast<torch::DeviceIndex>(*choice.index)};
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
