#include "models/placement.h"

#include <ATen/Context.h>

#include <utility>

#include "models/device_constants.h"
#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Node;

void place_on(torch::jit::Module& module, torch::Device device) {
  module.to(device);
  if (device.is_cpu()) return;
  replace_device_constants(module, DeviceConstants::kAll);
  follow_convolution_settings(module);
}

void follow_convolution_settings(torch::jit::Module& module) {
  const at::Context& context = at::globalContext();
  const std::pair<const char*, bool> settings[] = {
      {"benchmark", context.benchmarkCuDNN()},
      {"deterministic", context.deterministicCuDNN()},
      {"cudnn_enabled", context.userEnabledCuDNN()},
      {"allow_tf32", context.allowTF32CuDNN()},
  };
  for_each_graph(module, [&](Graph& graph) {
    for_each_node(graph.block(), [&](Node* node) {
      if (node->kind() != c10::aten::_convolution) return;
      const torch::jit::WithInsertPoint before(node);
      for (const auto& [name, value] : settings) {
        const std::int64_t position = argument_position(node, name);
        if (position < 0) continue;
        node->replaceInput(static_cast<std::size_t>(position), graph.insertConstant(value));
      }
    });
  });
}

}  // namespace transfer
