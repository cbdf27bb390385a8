#include "models/model_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "core/errors.h"
#include "models/archive.h"

namespace transfer {

void load_model_weights(const std::filesystem::path& file,
                        const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                        const Trust& trust) {
  const torch::NoGradGuard no_gradients;
  const Archive archive = read_archive(file, trust);
  std::map<std::string, torch::Tensor> stored;
  for (const auto& entry : archive.module.named_parameters()) stored[entry.name] = entry.value;
  for (const auto& entry : archive.module.named_buffers()) stored[entry.name] = entry.value;
  for (const auto& [name, tensor] : tensors) {
    const auto found = stored.find(name);
    if (found == stored.end() || found->second.sizes() != tensor.sizes()) {
      throw ModelError(fmt::format(
          "{}: holds another network than config.yaml names: expected {} of shape [{}], found {}. "
          "Has the backbone's file changed since? Train again with another --output.",
          file.string(), name, fmt::join(tensor.sizes(), ", "),
          found == stored.end() ? "none"
                                : fmt::format("[{}]", fmt::join(found->second.sizes(), ", "))));
    }
    torch::Tensor target = tensor;
    target.copy_(found->second);
  }
}

}  // namespace transfer
