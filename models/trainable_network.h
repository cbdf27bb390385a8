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

/// How a network with a new head is initialised.
struct TrainableOptions {
  /// Number of outputs of the new head, and its hidden layers.
  std::int64_t classes = 2;
  HeadConfig head = {};
  /// Whether to draw the backbone's weights anew as well (see initialize_weights()).
  bool from_scratch = false;
  BatchNorm batch_norm = BatchNorm::kTrain;
  /// Seed of all weights that are drawn.
  std::uint64_t seed = 0;
};

struct ExpectedOutputs;
class ActivationMaps;

/// Whether a file is read back, and compared with the network, before it gets its name.
enum class WriteCheck { kReadBack, kNone };

/// A pretrained network with a new head in place of its classifier, all of it trainable.
///
/// Ownership: it owns its weights, a copy of the backbone's on `device`, channels-last. Tensors
/// from parameters() and state(), and replicas, share their memory; write(), frozen_prefix() and
/// frozen_whole() copy it.
///
/// Threads: only `logits` in evaluation mode may be called from several threads at once. To train
/// on several threads, give each its own replica().
class TrainableNetwork {
 public:
  /// Throws ModelError when the backbone cannot be cut in front of its classifier, and when it
  /// holds weights as integers.
  TrainableNetwork(const Backbone& backbone, const TrainableOptions& options, torch::Device device);
  ~TrainableNetwork();
  TrainableNetwork(const TrainableNetwork&) = delete;
  TrainableNetwork& operator=(const TrainableNetwork&) = delete;

  /// Paths of the stages and of the head inside this network.
  const std::vector<std::string>& stages() const;
  static constexpr const char* kHead = "head";
  /// Number of logits.
  std::int64_t classes() const;
  /// The device of its weights.
  torch::Device device() const;

  /// The parameters that `logits` depends on, in the order of the modules. Shared, not copied.
  std::vector<std::pair<std::string, torch::Tensor>> parameters() const;
  /// The parameters and the buffers (BatchNorm's statistics): the state of a checkpoint. Shared.
  std::vector<std::pair<std::string, torch::Tensor>> state() const;

  /// Copies the weights of `head` into this network's head. REQUIRES: it has the same shape.
  void set_head(const Head& head);

  /// Rescales the last layer: outputs become `factor` · output + `shift` (both [classes]).
  void scale_outputs(const torch::Tensor& factor, const torch::Tensor& shift);

  /// Switches to training mode. Only the parameters named in `trainable` require gradients. A layer
  /// whose own parameters are all frozen, and everything inside a stage whose parameters are all
  /// frozen, stays in evaluation mode: BatchNorm's statistics do not move and Dropout is off. Holds
  /// until the next train() or evaluate().
  void train(const std::vector<std::string>& trainable);
  /// Rehearses train(trainable) by one step on two random images, which changes nothing, and
  /// switches to evaluation mode. Finds modules that keep running statistics of their own, which
  /// then count as BatchNorm. Says which weights get no gradient. Throws ModelError when a pass
  /// fails, when no gradient reaches the backbone though some of it should train, and when
  /// statistics that should stay move.
  void rehearse(const std::vector<std::string>& trainable);
  /// Switches to evaluation mode. Which parameters require gradients stays the same.
  void evaluate();

  /// images [N,C,H,W] on any device → logits [N,classes] on the network's device. Recorded by
  /// autograd in training mode. Throws ModelError when the network does not take them.
  torch::Tensor logits(const torch::Tensor& images) const;

  /// Splits the network behind `stage`, one of stages(), so that the layers up to there can run on
  /// their own (frozen_prefix). `trainable` names the parameters that will train. Throws ModelError
  /// when the layers behind the stage need more than its output (a skip connection), or when one of
  /// `trainable` belongs to a layer in front.
  void split_behind(const std::string& stage, const std::vector<std::string>& trainable);
  /// The layers up to the split with a copy of their current weights. REQUIRES: split_behind() was
  /// called.
  FrozenPrefix frozen_prefix(Fusion fusion = Fusion::kOff) const;
  /// All layers with a copy of their current weights, as frozen_prefix() gives the first ones:
  /// images → logits.
  FrozenPrefix frozen_whole(Fusion fusion) const;
  /// The same without the head: images → features [N,D].
  FrozenPrefix frozen_features(Fusion fusion) const;
  /// Maps of the network with its current weights, see ActivationMaps; it copies them.
  ActivationMaps activation_maps() const;
  /// The layers behind the split: activations [N,…] of the split's stage → logits [N,classes].
  /// REQUIRES: split_behind() was called.
  torch::Tensor logits_behind_split(const torch::Tensor& activations) const;

  /// Writes the network as one TorchScript file, as write_classifier() does, and switches to
  /// evaluation mode. Throws OutputError, and ModelError when the file, read back, would not
  /// compute what this network computes; no file is left then. Files that are soon replaced by
  /// others can do without being read back.
  void write(const std::vector<std::string>& classes, const std::filesystem::path& file,
             const Objective& objective = {}, WriteCheck check = WriteCheck::kReadBack,
             const Confidence& confidence = {}) const;

  /// Whether batches move BatchNorm's running statistics in the current mode.
  bool moves_statistics() const;

  /// A replica for another thread. It shares the memory of weights and statistics, but has its own
  /// gradients, its own mode, and its own random generator for Dropout. REQUIRES: a replica is not
  /// written and not replicated itself. Throws ModelError when the network draws random numbers by
  /// an operator that takes no generator.
  std::unique_ptr<TrainableNetwork> replica() const;
  /// Seeds the generator of a replica.
  void seed(std::uint64_t seed);

 private:
  struct Implementation;
  explicit TrainableNetwork(std::unique_ptr<Implementation> implementation);
  ExpectedOutputs expected_outputs() const;
  torch::Tensor run(const std::string& method, const torch::Tensor& input) const;

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
