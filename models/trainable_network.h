#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/backbone.h"
#include "models/classifier.h"
#include "models/frozen_prefix.h"

namespace transfer {

/// How a network with a new head starts.
struct TrainableOptions {
  /// Outputs of the new head, and its structure.
  std::int64_t classes = 2;
  HeadConfig head = {};
  /// Whether the backbone's weights are drawn anew too, every layer by its kind.
  bool from_scratch = false;
  /// BatchNorm as `train.batch_norm` says: `train`, `frozen` or `folded`.
  std::string batch_norm = "train";
  /// Draws the head and, from scratch, all else.
  std::uint64_t seed = 0;
};

/// A pretrained network with a new head in place of its classifier, all of it trainable. It
/// owns copies of the weights on its device, channels-last. Calls from several threads at once are
/// allowed to `logits` in evaluation mode only.
class TrainableNetwork {
 public:
  TrainableNetwork(const Backbone& backbone, const TrainableOptions& options, torch::Device device);
  ~TrainableNetwork();
  TrainableNetwork(const TrainableNetwork&) = delete;
  TrainableNetwork& operator=(const TrainableNetwork&) = delete;

  /// Paths of the stages and of the head inside this network.
  const std::vector<std::string>& stages() const;
  static constexpr const char* kHead = "head";
  /// Number of logits.
  std::int64_t classes() const;

  /// The parameters that `logits` depends on, in the order of the modules. Shared, not copied.
  std::vector<std::pair<std::string, torch::Tensor>> parameters() const;
  /// These and the buffers (BatchNorm's statistics): all that a checkpoint has to hold.
  std::vector<std::pair<std::string, torch::Tensor>> state() const;

  /// Puts a head's numbers in place of the random ones. REQUIRES: it has the same shape.
  void set_head(const Head& head);

  /// Lets the last layer give `factor` times what it gave, plus `shift` (both [classes]).
  void scale_outputs(const torch::Tensor& factor, const torch::Tensor& shift);

  /// Training mode. Only the parameters named get gradients; a layer none of whose parameters is
  /// named, and everything inside a stage of which none is, stays in evaluation mode, so that
  /// neither BatchNorm's statistics move nor Dropout drops. Holds until the next call of either.
  void train(const std::vector<std::string>& trainable);
  /// Evaluation mode; gradients as they were.
  void evaluate();

  /// images [N,C,H,W] on any device → logits [N,classes] on the network's device. Under autograd in
  /// training mode.
  torch::Tensor logits(const torch::Tensor& images) const;

  /// Splits the network behind `stage`, one of stages(): what runs up to there may then run apart.
  /// `trainable` names the parameters that will train. Throws ModelError where the layers behind
  /// the stage need more than its output, or where one of `trainable` acts in front of it.
  void split_behind(const std::string& stage, const std::vector<std::string>& trainable);
  /// The layers up to the split, as their weights are now. REQUIRES: split_behind() before.
  FrozenPrefix frozen_prefix() const;
  /// Likewise for what the split's stage gives, [N,…]: the layers behind it alone.
  torch::Tensor logits_behind_split(const torch::Tensor& activations) const;

  /// Writes the network as one TorchScript file, as write_classifier() does. Throws OutputError.
  void write(const std::vector<std::string>& classes, const std::filesystem::path& file,
             const Objective& objective = {}) const;

  /// Whether, in the mode it is in, batches move BatchNorm's running statistics.
  bool moves_statistics() const;

  /// A copy for another thread. It shares the memory of the weights and statistics, has gradients
  /// and a mode of its own, and draws what Dropout drops from a generator of its own. It must not
  /// be written or copied. Throws ModelError where the network draws random numbers in a way that
  /// cannot be shared out.
  std::unique_ptr<TrainableNetwork> replica() const;
  /// Seeds a replica's own generator.
  void seed(std::uint64_t seed);

 private:
  struct Implementation;
  explicit TrainableNetwork(std::unique_ptr<Implementation> implementation);
  torch::Tensor run(const std::string& method, const torch::Tensor& input) const;

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
