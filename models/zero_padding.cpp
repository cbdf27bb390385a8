#include "models/zero_padding.h"

#include <torch/csrc/jit/runtime/custom_operator.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace transfer {
namespace {

constexpr const char* kOperator = "transfer::pad_with_zeros";

/// Registers the operator that graphs call, once in a process.
void register_operator() {
  static const torch::jit::RegisterOperators registered({torch::jit::Operator(
      "transfer::pad_with_zeros(Tensor images, int[] padding) -> Tensor",
      [](torch::jit::Stack& stack) {
        const auto padding = torch::jit::pop(stack).toIntVector();
        const torch::Tensor images = torch::jit::pop(stack).toTensor();
        torch::jit::push(stack, pad_with_zeros(images, padding));
      },
      c10::AliasAnalysisKind::PURE_FUNCTION)});
}

bool is_zero(const torch::jit::Value* value) {
  const auto constant = torch::jit::toIValue(value);
  if (!constant) return false;
  if (constant->isNone()) return true;
  return constant->isScalar() && constant->toScalar().equal(0.0);
}

/// Whether a node pads height and width with zeros.
bool pads_with_zeros(const torch::jit::Node* node) {
  const std::string_view kind = node->kind().toQualString();
  const bool is_pad = kind == "aten::pad" && node->inputs().size() == 4;
  if (!is_pad && kind != "aten::constant_pad_nd") return false;
  const auto padding = torch::jit::toIValue(node->input(1));
  if (!padding || !padding->isIntList() || padding->toIntVector().size() != 4) return false;
  if (!is_pad) return is_zero(node->input(2));
  const auto mode = torch::jit::toIValue(node->input(2));
  return mode && mode->isString() && mode->toStringRef() == "constant" && is_zero(node->input(3));
}

void replace_in(torch::jit::Block* block) {
  for (auto it = block->nodes().begin(); it != block->nodes().end();) {
    torch::jit::Node* const node = *it++;
    for (torch::jit::Block* const inner : node->blocks()) replace_in(inner);
    if (!pads_with_zeros(node)) continue;
    torch::jit::Graph* const graph = node->owningGraph();
    torch::jit::Node* const fast = graph->create(torch::jit::Symbol::fromQualString(kOperator),
                                                 {node->input(0), node->input(1)}, 1);
    fast->insertBefore(node);
    fast->output()->copyMetadata(node->output());
    node->output()->replaceAllUsesWith(fast->output());
    node->destroy();
  }
}

}  // namespace

torch::Tensor pad_with_zeros(const torch::Tensor& images,
                             const std::vector<std::int64_t>& padding) {
  const std::int64_t left = padding[0];
  const std::int64_t right = padding[1];
  const std::int64_t above = padding[2];
  const std::int64_t below = padding[3];
  const bool is_plain = images.device().is_cpu() && images.scalar_type() == torch::kFloat32 &&
                        images.dim() == 4 &&
                        images.is_contiguous(torch::MemoryFormat::ChannelsLast) &&
                        std::min({left, right, above, below}) >= 0;
  if (!is_plain) return torch::constant_pad_nd(images, padding, 0);
  const std::int64_t channels = images.size(1);
  const std::int64_t height = images.size(2);
  const std::int64_t row = images.size(3) * channels;
  const std::int64_t padded_row = row + (left + right) * channels;
  auto result = torch::empty(
      {images.size(0), channels, height + above + below, images.size(3) + left + right},
      images.options().memory_format(torch::MemoryFormat::ChannelsLast));
  const auto* source = images.const_data_ptr<float>();
  auto* target = result.mutable_data_ptr<float>();
  // The zeros behind a row and in front of the next one lie side by side.
  const std::int64_t between = (left + right) * channels;
  for (std::int64_t image = 0; image < images.size(0); ++image) {
    target = std::fill_n(target, above * padded_row + left * channels, 0.0F);
    for (std::int64_t y = 0; y < height; ++y) {
      std::memcpy(target, source, static_cast<std::size_t>(row) * sizeof(float));
      source += row;
      target += row;
      const bool is_last = y + 1 == height;
      target = std::fill_n(target, is_last ? right * channels + below * padded_row : between, 0.0F);
    }
  }
  return result;
}

void use_fast_zero_padding(const torch::jit::Module& module) {
  register_operator();
  replace_in(module.get_method("forward").graph()->block());
}

}  // namespace transfer
