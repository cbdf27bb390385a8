#include "app/compute/device.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/compute/container_limits.h"
#include "configs/device_choice.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/worker_threads.h"

namespace transfer {
namespace {

/// With a full stop at its end.
std::string sentence(const std::string& text) {
  return text.ends_with('.') || text.ends_with('?') ? text : text + ".";
}

std::string names_up_to(std::int64_t devices) {
  return devices == 1 ? "cuda:0" : fmt::format("cuda:0 to cuda:{}", devices - 1);
}

std::string lack_of_devices(const CudaState& cuda) {
  return cuda.problem.empty()
             ? "no CUDA device was found. Is the NVIDIA driver installed, and does "
               "CUDA_VISIBLE_DEVICES name one?"
             : cuda.problem;
}

/// The CPU with a warning, or DeviceError.
torch::Device without_gpu(const std::string& name, bool may_take_cpu, const std::string& reason) {
  if (!may_take_cpu) {
    throw DeviceError(fmt::format("--device {}: {} Or use --device cpu.", name, sentence(reason)));
  }
  warn("--device {}: {} Computing on the CPU.", name, sentence(reason));
  return torch::kCPU;
}

/// Cores that `taskset`, a cpuset or the batch system leave to this process;
/// std::thread::hardware_concurrency counts all of the machine.
std::int64_t allowed_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
  return std::thread::hardware_concurrency();  // more cores than the set has room for
}

/// How many threads can run at once, of `count`.
std::int64_t startable_threads(std::int64_t count) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  WorkerThreads threads;
  const std::int64_t started = threads.start(count, [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_over; });
  });
  {
    const std::lock_guard lock(mutex);
    is_over = true;
  }
  changed.notify_all();
  return started;
}

/// Threads beside the first one for `threads` of arithmetic: streams of images or OpenMP's, those
/// that read images, and one to spare.
std::int64_t threads_needed(std::int64_t threads) { return 2 * threads + 1; }

void require_threads(std::int64_t threads) {
  static std::mutex mutex;
  static std::int64_t tried = 0;
  const std::lock_guard lock(mutex);
  if (threads <= tried) return;
  const std::int64_t needed = threads_needed(threads);
  const std::int64_t startable = startable_threads(needed);
  if (startable < needed) {
    const std::int64_t fitting = (startable - 1) / 2;
    throw ResourceError(fmt::format(
        "--threads {}: the system lets this process start {} of the {} further threads that it "
        "needs. Raise the limit on processes (ulimit -u, or the pids limit of the container) or on "
        "address space (ulimit -v){}.",
        threads, startable, needed,
        fitting > 0 ? fmt::format(", or give --threads {}", fitting) : ""));
  }
  tried = threads;
}

}  // namespace

torch::Device choose_device(const std::string& name, std::int64_t local_rank,
                            const std::function<CudaState()>& ask_cuda) {
  const DeviceChoice choice = parse_device(name);
  if (choice.kind == DeviceKind::kCpu) return torch::kCPU;
  const CudaState cuda = ask_cuda();
  const bool may_take_cpu = choice.kind == DeviceKind::kAuto;
  if (!cuda.is_built_in) {
    if (may_take_cpu) return torch::kCPU;
    throw DeviceError(fmt::format(
        "--device {}: this LibTorch was built without CUDA. Use --device cpu, or install a CUDA "
        "build of torch, point TORCH_DIR at it and build again.",
        name));
  }
  if (cuda.devices == 0) {
    if (may_take_cpu && cuda.problem.empty()) return torch::kCPU;
    return without_gpu(name, may_take_cpu, lack_of_devices(cuda));
  }
  if (choice.index && *choice.index >= cuda.devices) {
    throw DeviceError(fmt::format("--device {}: found {}. Give {}, or use --device cpu.", name,
                                  count_text(static_cast<std::size_t>(cuda.devices), "CUDA device"),
                                  names_up_to(cuda.devices)));
  }
  const std::int64_t index = choice.index.value_or(local_rank % cuda.devices);
  const torch::Device device(torch::kCUDA, static_cast<torch::DeviceIndex>(index));
  const std::string failure = cuda.failure_of_trial(device);
  if (failure.empty()) return device;
  return without_gpu(
      name, may_take_cpu,
      fmt::format("{} is there, but a small computation on it failed: {}", device.str(), failure));
}

void use_threads_for(std::int64_t multiply_adds, std::int64_t threads) {
  constexpr std::int64_t kWorthSharing = std::int64_t{1} << 26;
  at::set_num_threads(multiply_adds >= kWorthSharing ? static_cast<int>(threads) : 1);
}

std::int64_t usable_cores() { return threads_within(read_container_limits(), allowed_cores()); }

std::int64_t use_threads(std::int64_t threads) {
  const std::int64_t count = threads > 0 ? threads : usable_cores();
  require_threads(count);
  at::set_num_threads(static_cast<int>(count));
  return count;
}

}  // namespace transfer
