#pragma once

#include <torch/types.h>

#include "configs/config.h"

namespace transfer {

/// Asks cuBLAS for workspaces of fixed size, without which its results may vary between runs
/// (NVIDIA's cuBLAS documentation, "Results Reproducibility"), unless the environment names others.
/// REQUIRES: called before any other thread starts.
void fix_cublas_workspace();

/// Makes this process's work on `device` follow the settings. Nothing changes for a CPU. On a GPU,
/// warns once for each operator that has no deterministic kernel there.
void set_arithmetic(torch::Device device, const ComputeConfig& config);

}  // namespace transfer
