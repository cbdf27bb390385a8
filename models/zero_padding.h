#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <cstdint>
#include <vector>

namespace transfer {

/// Images [N,C,H,W] with zeros around them, as torch.nn.functional.pad gives them: `padding` is how
/// many columns left and right, and rows above and below. Channels-last float32 on the CPU is
/// written once, where LibTorch fills the whole result with zeros first; everything else is left to
/// LibTorch.
torch::Tensor pad_with_zeros(const torch::Tensor& images, const std::vector<std::int64_t>& padding);

/// Lets a frozen module that nobody saves compute its paddings by zeros of height and width so.
void use_fast_zero_padding(const torch::jit::Module& module);

}  // namespace transfer
