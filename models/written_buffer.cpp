#include "models/written_buffer.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "models/failing_layer.h"
#include "models/surgery.h"

namespace transfer {

std::vector<torch::jit::NameTensor> changed_buffers(const torch::jit::Module& before,
                                                    const torch::jit::Module& after) {
  std::vector<torch::jit::NameTensor> changed;
  auto original = before.named_buffers().begin();
  for (const auto& buffer : after.named_buffers()) {
    const torch::Tensor old = (*original).value;
    ++original;
    const bool is_kept =
        buffer.value.sizes() == old.sizes() && buffer.value.equal(old.to(buffer.value.device()));
    if (!is_kept) changed.push_back(buffer);
  }
  return changed;
}

std::string written_buffer(const torch::jit::Module& module, const torch::Tensor& images) {
  const torch::NoGradGuard no_gradients;
  const auto copy = copy_with_weights(module);
  run_apart(copy, images);
  const auto changed = changed_buffers(module, copy);
  return changed.empty() ? "" : changed.front().name;
}

void refuse_written_buffer(const std::string& buffer, const std::string& file) {
  throw ModelError(fmt::format(
      "{}: the network writes to its buffer '{}' in evaluation mode, so its output depends on the "
      "images before. Export it with a forward that updates the buffer only `if self.training`.",
      file, buffer));
}

}  // namespace transfer
