#include "models/training_rehearsal.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <mutex>

#include "core/errors.h"
#include "models/graph_calls.h"
#include "models/module_graphs.h"
#include "models/surgery.h"
#include "models/torch_error.h"
#include "models/written_buffer.h"

namespace transfer {

using torch::jit::Module;
using torch::jit::Node;

namespace {

constexpr std::int64_t kRehearsalSide = 64;

/// Keeps a device's default generator as it is.
class UnchangedGenerator {
 public:
  explicit UnchangedGenerator(torch::Device device)
      : generator_(at::globalContext().defaultGenerator(device)) {
    const std::lock_guard lock(generator_.mutex());
    state_ = generator_.get_state();
  }
  ~UnchangedGenerator() {
    const std::lock_guard lock(generator_.mutex());
    generator_.set_state(state_);
  }
  UnchangedGenerator(const UnchangedGenerator&) = delete;
  UnchangedGenerator& operator=(const UnchangedGenerator&) = delete;

 private:
  at::Generator generator_;
  torch::Tensor state_;
};

torch::Tensor rehearsal_images(const Preprocessing& p, std::int64_t height, std::int64_t width,
                               torch::Device device) {
  const auto generator = at::detail::createCPUGenerator(7);
  return at::randn({2, p.channels, height, width}, generator)
      .to(device)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

[[noreturn]] void refuse_backward(const std::string& file, const std::exception& error) {
  const std::string cause = cause_of(error.what());
  const std::string mark = "derivative for ";
  const auto begin = cause.find(mark);
  if (begin == std::string::npos) {
    throw ModelError(fmt::format(
        "{}: its layers cannot be trained: the backward pass fails. Take --strategy freeze-conv, "
        "or export the network without in-place operators. [LibTorch: {}]",
        file, cause));
  }
  const auto name = begin + mark.size();
  throw ModelError(fmt::format(
      "{}: its layers cannot be trained: {}, which tracing without gradients writes into the "
      "program, has no derivative. Trace the network outside torch.no_grad(), or script it; "
      "--strategy freeze-conv takes it as it is. [LibTorch: {}]",
      file, cause.substr(name, cause.find(' ', name) - name), cause));
}

/// Logits of a copy of the network; empty if it refuses images of this size.
struct Forward {
  Module copy;
  torch::Tensor logits;
};

Forward run_forward(const Module& network, const torch::Tensor& images, const std::string& file,
                    bool may_fail) {
  Forward forward{copy_with_weights(network), {}};
  try {
    forward.logits = forward.copy.forward({images}).toTensor();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    if (!may_fail) refuse_failed_step(file, images, error);
  }
  return forward;
}

}  // namespace

void refuse_failed_step(const std::string& file, const torch::Tensor& input,
                        const std::exception& error) {
  const std::string cause = cause_of(error.what());
  const bool lacks_values = cause.find("Expected more than 1") != std::string::npos;
  throw ModelError(fmt::format(
      "{}: a batch of [{}] does not pass through the network in training. {} [LibTorch: {}]", file,
      fmt::join(input.sizes(), ", "),
      lacks_values ? "Its norms need more than one value per channel: set train.batch_size to 2 or "
                     "more, train.batch_norm=frozen, or a larger data.input_size."
                   : "Take --strategy freeze-conv, or export it by torch.jit.trace in evaluation "
                     "mode.",
      cause));
}

TrainingRehearsal rehearse_step(const Module& network, const Preprocessing& p, torch::Device device,
                                const std::string& file) {
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  const torch::AutoGradMode with_gradients(true);
  const UnchangedGenerator unchanged(device);
  Forward forward;
  if (std::min(p.height, p.width) > kRehearsalSide) {
    const auto images = rehearsal_images(p, kRehearsalSide, kRehearsalSide, device);
    forward = run_forward(network, images, file, /*may_fail=*/true);
  }
  if (!forward.logits.defined()) {
    const auto images = rehearsal_images(p, p.height, p.width, device);
    forward = run_forward(network, images, file, /*may_fail=*/false);
  }
  TrainingRehearsal rehearsal;
  for (const auto& buffer : changed_buffers(network, forward.copy)) {
    if (buffer.value.is_floating_point()) rehearsal.moved_buffers.push_back(buffer.name);
  }
  if (!forward.logits.requires_grad()) return rehearsal;
  try {
    forward.logits.square().sum().backward();
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    refuse_backward(file, error);
  }
  for (const auto& parameter : forward.copy.named_parameters()) {
    const bool lacks = parameter.value.requires_grad() && !parameter.value.grad().defined();
    if (lacks) rehearsal.without_gradient.push_back(parameter.name);
  }
  return rehearsal;
}

std::string describe_gradient_stop(const Module& network) {
  const auto graph = network.get_method("forward").graph()->copy();
  inline_all_calls(*graph);
  std::string found;
  for_each_node(graph->block(), [&found](Node* node) {
    if (node->kind() == c10::aten::detach || node->kind() == c10::aten::detach_) found = "detach()";
    if (node->kind() != c10::prim::Enter) return;
    const std::string type = node->input(0)->type()->repr_str();
    if (type.find("no_grad") != std::string::npos) found = "torch.no_grad()";
  });
  return found;
}

}  // namespace transfer
