#include "models/weights.h"

#include <map>

#include "core/hash.h"

namespace transfer {

std::string weights_sha256(const torch::jit::Module& module) {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& entry : module.named_parameters()) tensors[entry.name] = entry.value;
  for (const auto& entry : module.named_buffers()) tensors[entry.name] = entry.value;
  Sha256 sha;
  for (const auto& [name, tensor] : tensors) {
    sha.update(name.c_str(), name.size() + 1);
    const auto elements = tensor.detach().cpu().contiguous();
    sha.update(elements.data_ptr(), elements.nbytes());
  }
  return sha.hex();
}

void to_channels_last(const torch::jit::Module& module) {
  for (torch::Tensor parameter : module.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace transfer
