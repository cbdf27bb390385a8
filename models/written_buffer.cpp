#include "models/written_buffer.h"

#include <fmt/format.h>

#include "core/errors.h"
#include "models/failing_layer.h"
#include "models/surgery.h"

namespace transfer {

std::string written_buffer(const torch::jit::Module& module, const torch::Tensor& images) {
  const torch::NoGradGuard no_gradients;
  const auto copy = copy_with_weights(module);
  run_apart(copy, images);
  auto original = module.named_buffers().begin();
  for (const auto& buffer : copy.named_buffers()) {
    const torch::Tensor before = (*original).value;
    ++original;
    const bool is_kept = buffer.value.sizes() == before.sizes() &&
                         buffer.value.equal(before.to(buffer.value.device()));
    if (!is_kept) return buffer.name;
  }
  return "";
}

void refuse_written_buffer(const std::string& buffer, const std::string& file) {
  throw ModelError(fmt::format(
      "{}: the network writes to its buffer '{}' in evaluation mode, so its output depends on the "
      "images before. Export it with a forward that updates the buffer only `if self.training`.",
      file, buffer));
}

}  // namespace transfer
