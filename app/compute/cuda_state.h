#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string>

namespace transfer {

/// What LibTorch and the driver say of this machine's GPUs.
struct CudaState {
  /// Whether LibTorch was built with CUDA.
  bool is_built_in = false;
  /// GPUs that the driver shows to this process.
  std::int64_t devices = 0;
  /// Why LibTorch counts no device although a driver is there, such as a driver that is too old;
  /// else "".
  std::string problem;
  /// Runs a sum and a convolution on the device. Returns "" where their results are right, or what
  /// went wrong in one line: a wheel without code for the GPU, for instance, fails at its first
  /// kernel and not before.
  std::function<std::string(torch::Device)> failure_of_trial;
};

/// The state of this machine. Starts the driver where LibTorch has CUDA.
CudaState cuda_state();

/// The same, but each device passes the trial without one: for a process that computes nothing
/// itself, and in which a trial would take GPU memory until it ends.
CudaState cuda_state_without_trial();

}  // namespace transfer
