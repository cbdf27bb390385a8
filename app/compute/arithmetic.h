#pragma once

#include <torch/types.h>

#include <string>

#include "configs/config.h"

namespace transfer {

/// Asks cuBLAS for workspaces of fixed size, without which its results may vary between runs
/// (NVIDIA's cuBLAS documentation, "Results Reproducibility"), unless the environment names others.
/// REQUIRES: called before any other thread starts.
void fix_cublas_workspace();

/// Makes this process's work on `device` follow the settings. Nothing changes for a CPU. On a GPU,
/// warns once for each operator that has no deterministic kernel there.
void set_arithmetic(torch::Device device, const ComputeConfig& config);

/// Names what a network's outputs depend on besides its weights and inputs: on a CPU the vector
/// instructions that LibTorch uses, on a GPU its compute capability and the settings. Outputs under
/// different names may differ in their last digits.
std::string arithmetic_name(torch::Device device, const ComputeConfig& config);

}  // namespace transfer
