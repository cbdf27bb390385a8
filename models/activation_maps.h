#pragma once

#include <torch/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"
#include "models/backbone.h"
#include "models/feature_block.h"
#include "models/head.h"

namespace transfer {

/// How a map of an image is computed from a stage's activations A and their gradients G:
enum class MapMethod {
  /// ReLU(Σ_k mean(G_k) A_k), Selvaraju et al. 2017, "Grad-CAM", equations 1 and 2.
  kGradCam,
  /// ReLU(Σ_k ReLU(G_k) A_k), Jiang et al. 2021, "LayerCAM", equations 3 to 5.
  kLayerCam,
  /// ReLU(A v), v the first right singular vector of A [positions, channels], whose sign makes
  /// A v positive in sum; Muhammad and Yeasin 2020, "Eigen-CAM". It depends on no output.
  kEigenCam
};
template <>
inline constexpr std::array<std::string_view, 3> kNames<MapMethod> = {"gradcam", "layercam",
                                                                      "eigencam"};

/// Shows on which parts of an image a network's output rests. The network is cut in two behind a
/// stage, since TorchScript has no hooks; a map has a cell for each position of that stage's
/// output: [C,H,W] of a CNN, [H,W,C] of Swin, or tokens, of which those in front that lie on no
/// position (the class token) are left out.
///
/// Owns the network, on the CPU. One thread at a time.
class ActivationMaps {
 public:
  /// `network` may be a trained model, which loads as a backbone too. `stage` is one of its stages
  /// or any other module of it. Without one it is the last that has at least 4 x 4 positions (or
  /// the most that any has) and whose positions the outputs depend on. Throws ModelError where
  /// there is none, and ConfigError, naming the nearest stage, for what the network does not have.
  ActivationMaps(const Backbone& network, const std::string& stage);
  /// The network that write_classifier() writes, without a file, at the stage of the same rule.
  ActivationMaps(const Backbone& backbone, const std::vector<FeatureBlock>& blocks,
                 const Head& head, const Objective& objective);
  ~ActivationMaps();
  ActivationMaps(ActivationMaps&&) noexcept;

  const ModelMetadata& metadata() const;
  const std::string& stage() const;

  /// The maps of a batch.
  struct Maps {
    torch::Tensor logits;   ///< [N,C]
    torch::Tensor outputs;  ///< [N] int64: the output that each map explains
    torch::Tensor maps;     ///< [N,h,w] float32, ≥ 0, not scaled; all on the CPU
  };

  /// images [N,C,H,W] → maps for the outputs [N] int64, where −1 is the image's largest one.
  Maps explain(const torch::Tensor& images, const torch::Tensor& outputs, MapMethod method) const;

 private:
  friend class TrainableNetwork;
  struct Implementation;
  explicit ActivationMaps(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

/// The maps that the method makes of activations and gradients, both [N,C,h,w] → [N,h,w].
torch::Tensor activation_maps(const torch::Tensor& activations, const torch::Tensor& gradients,
                              MapMethod method);

}  // namespace transfer
