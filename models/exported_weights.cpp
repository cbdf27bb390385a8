#include "models/exported_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/errors.h"
#include "models/archive.h"
#include "models/graph_calls.h"
#include "models/safetensors.h"
#include "models/surgery.h"

namespace transfer {
namespace {

using torch::Tensor;
using torch::jit::Module;
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

const std::string kTrunk = "trunk.";
const std::string kHead = "head.";

/// The part of a dotted name before its last dot.
std::string layer_of(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// The layers, by their paths, of which `forward` reads a tensor.
std::set<std::string> layers_read(const Module& module) {
  std::set<std::string> layers;
  for (const std::string& path : tensors_read_by(module, "forward")) layers.insert(layer_of(path));
  return layers;
}

/// What stands before the original's names: a model may be the backbone of another one.
std::string trunk_prefix(Module module) {
  std::string prefix;
  while (module.hasattr("trunk") && module.attr("trunk").isModule() &&
         module.type()->name()->qualifiedName().find("transfer") != std::string::npos) {
    module = module.attr("trunk").toModule();
    prefix += kTrunk;
  }
  return prefix;
}

NamedTensors tensors_of(const Module& module) {
  NamedTensors tensors;
  for (const auto& entry : module.named_parameters()) tensors.emplace_back(entry.name, entry.value);
  for (const auto& entry : module.named_buffers()) tensors.emplace_back(entry.name, entry.value);
  return tensors;
}

[[noreturn]] void refuse_folded(const std::string& layer, const std::filesystem::path& model) {
  throw ModelError(fmt::format(
      "{}: does not use its layer {}, a BatchNorm, so it was folded into the convolution before it "
      "(train.batch_norm: folded) and the weights no longer fit the original network. Train with "
      "--set train.batch_norm=frozen for a model whose weights can be exported.",
      model.string(), layer));
}

/// The weights and the head of a trained model, told apart by their names.
struct NetworkTensors {
  NamedTensors backbone;
  NamedTensors head;
  /// Layers whose weights were dropped when the network was cut, each with its place in the module.
  std::map<std::string, std::string> dropped;
};

NetworkTensors take_apart(const Module& module, const std::filesystem::path& model) {
  const std::set<std::string> read = layers_read(module);
  const std::string prefix = trunk_prefix(module);
  NetworkTensors network;
  for (const auto& [name, tensor] : tensors_of(module)) {
    if (name.starts_with(kHead)) {
      network.head.emplace_back(name.substr(kHead.size()), tensor);
      continue;
    }
    if (!name.starts_with(prefix)) continue;  // the head of a model that was the backbone
    const std::string layer = layer_of(name);
    const std::string own_name = name.substr(prefix.size());
    if (read.contains(layer)) {
      network.backbone.emplace_back(own_name, tensor);
    } else if (tensor.numel() == 0) {
      network.dropped.emplace(layer_of(own_name), layer);
    } else if (name.ends_with(".running_var")) {
      refuse_folded(layer_of(own_name), model);
    }
  }
  return network;
}

bool is_convolution(const Module& module, const std::string& layer) {
  const auto type = attribute_at(module, layer).toModule().type()->name();
  return type && type->qualifiedName().find("Conv") != std::string::npos;
}

/// A name for a head that the original network does not have.
std::string free_head_name(const NetworkTensors& network) {
  const auto is_in_head = [](const auto& entry) { return (entry.first + ".").starts_with(kHead); };
  const bool is_taken = std::any_of(network.backbone.begin(), network.backbone.end(), is_in_head) ||
                        std::any_of(network.dropped.begin(), network.dropped.end(), is_in_head);
  return is_taken ? "new_head" : "head";
}

}  // namespace

ExportedWeights export_weights(const std::filesystem::path& model,
                               const std::filesystem::path& file, const Trust& trust) {
  const Archive archive = read_trained_model(model, trust);
  if (!archive.metadata->members.empty()) {
    throw ModelError(fmt::format(
        "{}: is an ensemble of {} models, whose weights fit no single network. Export its members, "
        "the models that it was made of, one by one.",
        model.string(), archive.metadata->members.size()));
  }
  NetworkTensors network = take_apart(archive.module, model);
  ExportedWeights result;
  // Cut at the classifier's input, a network has lost nothing but the classifier.
  result.replaces_classifier = network.head.size() == 2 && network.dropped.size() == 1;
  if (result.replaces_classifier) {
    const auto& [name, place] = *network.dropped.begin();
    result.head = name;
    for (auto& [part, tensor] : network.head) {
      if (part == "weight" && is_convolution(archive.module, place)) {
        tensor = tensor.reshape({tensor.size(0), tensor.size(1), 1, 1});
      }
    }
  } else {
    result.head = free_head_name(network);
  }
  for (const auto& [name, tensor] : network.head) {
    network.backbone.emplace_back(result.head + "." + name, tensor);
  }
  result.tensors = network.backbone.size();
  for (const auto& entry : network.backbone) result.elements += entry.second.numel();
  write_safetensors(std::move(network.backbone),
                    {{"format", "pt"}, {"transfer.json", to_json(*archive.metadata)}}, file);
  return result;
}

}  // namespace transfer
