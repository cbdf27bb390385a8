#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "app/compute/cuda_state.h"

namespace transfer {

/// The device for `auto`, `cpu`, `cuda` or `cuda:N`, on which a trial kernel has run; `auto` takes
/// the CPU where there is no GPU, and with a warning where one is there but does not work. With
/// `auto` and `cuda` the processes of one machine take its GPUs in turn, by their `local_rank`.
/// Throws ConfigError for any other name, and DeviceError saying what CUDA lacks. `ask_cuda` is
/// called where the name leaves room for a GPU.
torch::Device choose_device(const std::string& name, std::int64_t local_rank = 0,
                            const std::function<CudaState()>& ask_cuda = cuda_state);

/// Cores that this process may use, within its container's limit on CPU time.
std::int64_t usable_cores();

/// `threads`, or usable_cores() when it is 0. Sets torch's own count for the calling thread. Throws
/// ResourceError where the process may not start the threads that work with so many takes: OpenMP
/// would end it. Tried once for each larger number.
std::int64_t use_threads(std::int64_t threads);

/// Sets torch's thread count for work of `multiply_adds` per step: all `threads` for large work,
/// one for small work, where synchronization would cost more than the arithmetic.
void use_threads_for(std::int64_t multiply_adds, std::int64_t threads);

}  // namespace transfer
