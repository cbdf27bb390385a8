#pragma once

// Cuts through TorchScript networks. Included inside models/ only, since it needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>
#include <vector>

#include "models/classifier_layer.h"

namespace transfer {

/// A copy with a class and weights of its own, as trainable as the original's.
torch::jit::Module copy_with_weights(const torch::jit::Module& module);

/// A copy of `module` whose `forward` returns the classifier's input [N,D]; what a 1x1 convolution
/// would read is averaged over the image. Weights that no longer matter are emptied, so they
/// leave the saved file. REQUIRES: find_classifier succeeds. Parameters are copied, not shared.
torch::jit::Module cut_before_classifier(const torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph that returns the output of the module at `stage` (`blocks.2`).
/// Throws ModelError when forward does not call it (with the nearest name), calls it inside a
/// branch or a loop, gets something other than a tensor from it, or lets part of the image's data
/// go around it.
std::shared_ptr<torch::jit::Graph> graph_up_to_stage(const torch::jit::Module& module,
                                                     const std::string& stage,
                                                     const std::string& file);

/// Likewise a copy of the module whose `forward` is that graph.
torch::jit::Module cut_after_stage(const torch::jit::Module& module, const std::string& stage,
                                   const std::string& file);

/// Likewise a copy whose `forward` returns the main logits as a tensor: auxiliary classifiers and
/// what else a tuple held are gone.
torch::jit::Module cut_after_logits(const torch::jit::Module& module, const std::string& file);

/// Lets `forward` return the main logits where it returned a tuple; weights stay as they are.
void keep_logits_only(torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph, logits only, in which `stage` stands at the top level.
struct ExposedStage {
  std::shared_ptr<torch::jit::Graph> graph;
  torch::jit::Value* output = nullptr;
};
ExposedStage expose_stage(const torch::jit::Module& module, const std::string& stage,
                          const std::string& file);

/// The same within a graph of the module's, which may hold other stages already; values that are
/// outputs of the graph stay so. Returns the stage's output.
torch::jit::Value* expose_stage_in(std::shared_ptr<torch::jit::Graph>& graph,
                                   const torch::jit::Module& module, const std::string& stage,
                                   const std::string& file);

/// The dimensions over which a stage's output of the given shape is averaged into features [N,D]:
/// {2,3} for [N,C,H,W], {1,2} for [N,H,W,C] (as Swin gives, known by H = W ≠ C), {1} for tokens
/// [N,T,C], none for [N,D].
std::vector<std::int64_t> pooled_dimensions(torch::IntArrayRef shape);

/// That average, taken right behind `value`, before an in-place layer can change it; over no
/// dimensions it is a copy.
torch::jit::Value* average_over(torch::jit::Graph& graph, torch::jit::Value* value,
                                const std::vector<std::int64_t>& dimensions);

/// Appends that average to the module's `forward`. REQUIRES: it returns one tensor.
void average_output(torch::jit::Module& module, const std::vector<std::int64_t>& dimensions);

/// Paths of the parameters and buffers that a graph of the module's reads, such as `stem.0.weight`.
std::vector<std::string> tensors_read_by(const std::shared_ptr<torch::jit::Graph>& graph);
/// The same for a method.
std::vector<std::string> tensors_read_by(const torch::jit::Module& module,
                                         const std::string& method);

}  // namespace transfer
