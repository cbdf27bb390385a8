// The modes of a network that trains, and its rehearsal.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/errors.h"
#include "core/messages.h"
#include "models/trainable_network_implementation.h"
#include "models/training_rehearsal.h"

namespace transfer {
namespace {

/// Whether `path` is `root` or lies below it.
bool lies_in(const std::string& path, const std::string& root) {
  return path == root || path.starts_with(root + ".");
}

std::string below(const std::string& root, const std::string& name) {
  return root.empty() ? name : root + "." + name;
}

/// The module that holds a tensor.
std::string holder_of(const std::string& tensor) {
  const auto dot = tensor.rfind('.');
  return dot == std::string::npos ? "" : tensor.substr(0, dot);
}

bool is_of_head(const std::string& parameter) {
  return lies_in(parameter, TrainableNetwork::kHead);
}

/// The first five holders, each once.
std::string first_holders(const std::vector<std::string>& tensors) {
  constexpr std::size_t kMostNames = 5;
  std::vector<std::string> holders;
  for (const std::string& tensor : tensors) {
    const std::string holder = holder_of(tensor);
    const bool is_new = std::find(holders.begin(), holders.end(), holder) == holders.end();
    if (is_new) holders.push_back(holder);
  }
  const bool has_more = holders.size() > kMostNames;
  if (has_more) holders.resize(kMostNames);
  return fmt::format("{}{}", fmt::join(holders, ", "), has_more ? ", …" : "");
}

}  // namespace

bool TrainableNetwork::Implementation::is_norm(const std::string& path,
                                               const torch::jit::Module& layer) const {
  return (layer.hasattr("running_mean") && layer.hasattr("running_var")) ||
         other_norms->contains(path);
}

void TrainableNetwork::train(const std::vector<std::string>& trainable) {
  const std::set<std::string> names(trainable.begin(), trainable.end());
  for (auto& [name, tensor] : parameters()) tensor.set_requires_grad(names.contains(name));
  const auto trains_below = [&names](const std::string& root) {
    return std::any_of(names.begin(), names.end(),
                       [&root](const std::string& name) { return lies_in(name, root); });
  };
  for (const auto& entry : implementation_->module.named_modules()) {
    const auto& stages = implementation_->stages;
    bool trains = std::none_of(stages.begin(), stages.end(), [&](const std::string& stage) {
      return lies_in(entry.name, stage) && !trains_below(stage);
    });
    bool has_own = false;
    bool own_trains = false;
    for (const auto& parameter : entry.value.named_parameters(/*recurse=*/false)) {
      has_own = true;
      own_trains |= names.contains(below(entry.name, parameter.name));
    }
    if (has_own) trains = own_trains;
    if (implementation_->keeps_statistics && implementation_->is_norm(entry.name, entry.value)) {
      trains = false;
    }
    if (entry.value.hasattr("training")) {
      torch::jit::Module layer = entry.value;
      layer.setattr("training", trains);
    }
  }
}

void TrainableNetwork::evaluate() { implementation_->module.eval(); }

void TrainableNetwork::rehearse(const std::vector<std::string>& trainable) {
  const Implementation& own = *implementation_;
  const auto step = [&] {
    train(trainable);
    return rehearse_step(own.module, own.metadata.preprocessing, own.device, own.file);
  };
  TrainingRehearsal rehearsal = step();
  for (const std::string& buffer : rehearsal.moved_buffers) {
    own.other_norms->insert(holder_of(buffer));
  }
  if (own.keeps_statistics && !rehearsal.moved_buffers.empty()) rehearsal = step();
  evaluate();
  if (own.keeps_statistics && !rehearsal.moved_buffers.empty()) {
    throw ModelError(fmt::format(
        "{}: training moves its buffer '{}', which train.batch_norm=frozen and folded should keep. "
        "Set train.batch_norm=train, or export it with BatchNorm layers in place of statistics of "
        "its own.",
        own.file, rehearsal.moved_buffers.front()));
  }
  std::vector<std::string> lacking;
  for (const std::string& name : rehearsal.without_gradient) {
    if (std::find(trainable.begin(), trainable.end(), name) != trainable.end()) {
      lacking.push_back(name);
    }
  }
  const auto of_backbone = std::count_if(trainable.begin(), trainable.end(),
                                         [](const std::string& name) { return !is_of_head(name); });
  if (lacking.empty() || of_backbone == 0) return;
  if (static_cast<std::ptrdiff_t>(lacking.size()) < of_backbone) {
    note("{}: no gradient reaches {}; these weights stay as they are.", own.file,
         first_holders(lacking));
    return;
  }
  const std::string stop = describe_gradient_stop(own.module);
  throw ModelError(fmt::format(
      "{}: no gradient reaches its layers in front of the head{}, so training would move none of "
      "them. Take --strategy freeze-conv, or export it without .detach() and torch.no_grad() in "
      "forward.",
      own.file, stop.empty() ? "" : fmt::format(" ({} is in its program)", stop)));
}

bool TrainableNetwork::moves_statistics() const {
  for (const auto& entry : implementation_->module.named_modules()) {
    const auto& layer = entry.value;
    const bool trains = layer.hasattr("training") && layer.attr("training").toBool();
    if (trains && implementation_->is_norm(entry.name, layer)) return true;
  }
  return false;
}

}  // namespace transfer
