#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace transfer {

/// The device for `auto`, `cpu`, `cuda` or `cuda:N`; `auto` takes CUDA where it works. Throws
/// ConfigError for another text and DeviceError that says what is missing for CUDA. With `auto` and
/// `cuda` the processes of one machine, told by their `local_rank`, take its GPUs in turn.
torch::Device choose_device(const std::string& name, std::int64_t local_rank = 0);

/// Cores that this process may use, within its container's limit of processor time.
std::int64_t usable_cores();

/// `threads`, or usable_cores() when it is 0. Sets torch's own count for the calling thread.
std::int64_t use_threads(std::int64_t threads);

/// Sets torch's thread count for work of so many multiply-adds a step: all `threads` for large
/// work, one for small, where waiting for each other would cost more than the arithmetic.
void use_threads_for(std::int64_t multiply_adds, std::int64_t threads);

}  // namespace transfer
