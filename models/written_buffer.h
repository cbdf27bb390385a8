#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <string>
#include <vector>

namespace transfer {

/// The buffers of `after`, a copy of `before` that has run, whose values have changed.
std::vector<torch::jit::NameTensor> changed_buffers(const torch::jit::Module& before,
                                                    const torch::jit::Module& after);

/// The path of a buffer that `forward` changes in evaluation mode on these images; "" without one.
/// The buffers stay as they are. Throws what LibTorch throws.
std::string written_buffer(const torch::jit::Module& module, const torch::Tensor& images);

/// Throws the ModelError for a network whose output depends on such a buffer.
[[noreturn]] void refuse_written_buffer(const std::string& buffer, const std::string& file);

}  // namespace transfer
