#pragma once

// Cuts through TorchScript networks. For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>
#include <string>
#include <vector>

#include "models/classifier_layer.h"

namespace transfer {

/// A copy with its own class and weights; they require gradients where the original's do.
torch::jit::Module copy_with_weights(const torch::jit::Module& module);

/// A copy of `forward`'s graph that returns the features [N,D]: the classifier's input, or the
/// network's output if there is no classifier, averaged as `classifier` says.
std::shared_ptr<torch::jit::Graph> feature_graph(const torch::jit::Module& module,
                                                 const ClassifierLayer& classifier,
                                                 const std::string& file);

/// A copy of `module` whose `forward` is that graph. Weights that are no longer read become empty
/// tensors and so leave the saved file. Parameters are copied, not shared.
torch::jit::Module cut_before_classifier(const torch::jit::Module& module,
                                         const ClassifierLayer& classifier,
                                         const std::string& file);

/// Inserts the features [N,D] directly behind `value`, the exposed input of the classifier.
torch::jit::Value* features_from(torch::jit::Graph& graph, torch::jit::Value* value,
                                 const ClassifierLayer& classifier);

/// A copy of `forward`'s graph that returns the output of the module at `stage` (`blocks.2`).
/// Throws ModelError when forward does not call it (with the nearest name), calls it inside a
/// branch or a loop, when it does not return one tensor, or when data bypasses it (a skip
/// connection).
std::shared_ptr<torch::jit::Graph> graph_up_to_stage(const torch::jit::Module& module,
                                                     const std::string& stage,
                                                     const std::string& file);

/// A copy of the module whose `forward` is that graph. Throws as graph_up_to_stage does.
torch::jit::Module cut_after_stage(const torch::jit::Module& module, const std::string& stage,
                                   const std::string& file);

/// Makes `forward` return the main logits if it returns a tuple, and the image its only argument.
/// Weights do not change. Returns what should be said of it, see logits_graph(); "" for nothing.
std::string keep_logits_only(torch::jit::Module& module, const std::string& file);

/// A copy of `forward`'s graph that returns only the logits, in which `stage` is at the top level.
struct ExposedStage {
  std::shared_ptr<torch::jit::Graph> graph;
  /// The stage's output.
  torch::jit::Value* output = nullptr;
};
ExposedStage expose_stage(const torch::jit::Module& module, const std::string& stage,
                          const std::string& file);

/// The same within a graph of the module, in which other stages may be exposed already. Outputs of
/// the graph are kept. Returns the stage's output.
torch::jit::Value* expose_stage_in(std::shared_ptr<torch::jit::Graph>& graph,
                                   const torch::jit::Module& module, const std::string& stage,
                                   const std::string& file);

/// The dimensions over which a stage's output of the given shape is averaged into features [N,D]:
/// {2,3} for [N,C,H,W], {1,2} for [N,H,W,C] (Swin; recognised by H = W ≠ C), {1} for tokens
/// [N,T,C], none for [N,D].
std::vector<std::int64_t> pooled_dimensions(torch::IntArrayRef shape);

/// Inserts that average directly behind `value`, before an in-place layer can change it. Without
/// dimensions it is a copy.
torch::jit::Value* average_over(torch::jit::Graph& graph, torch::jit::Value* value,
                                const std::vector<std::int64_t>& dimensions);

/// Inserts the standard deviation over those positions, [N,C], in the same place. REQUIRES: there
/// are dimensions.
torch::jit::Value* deviation_over(torch::jit::Graph& graph, torch::jit::Value* value,
                                  const std::vector<std::int64_t>& dimensions);

/// Inserts the averages over the quarters of the image, [N,4C], in the same place. REQUIRES: two
/// dimensions.
torch::jit::Value* quarters_of(torch::jit::Graph& graph, torch::jit::Value* value,
                               const std::vector<std::int64_t>& dimensions);

/// Empties every tensor that `forward` does not read, so that it leaves the saved file.
void drop_unread_tensors(torch::jit::Module& module);

/// Appends that average to the module's `forward`. REQUIRES: it returns one tensor.
void average_output(torch::jit::Module& module, const std::vector<std::int64_t>& dimensions);

/// Paths of the parameters and buffers that a graph of the module reads, such as `stem.0.weight`.
std::vector<std::string> tensors_read_by(const std::shared_ptr<torch::jit::Graph>& graph);
/// The same for a method.
std::vector<std::string> tensors_read_by(const torch::jit::Module& module,
                                         const std::string& method);

}  // namespace transfer
