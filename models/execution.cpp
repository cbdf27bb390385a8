#include "models/execution.h"

#include <torch/csrc/jit/codegen/fuser/interface.h>

namespace transfer {

void keep_gpu_unfused() { torch::jit::overrideCanFuseOnGPU(false); }

}  // namespace transfer
