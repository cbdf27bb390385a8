#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// A fully connected layer: inputs · weightᵀ + bias.
struct LinearLayer {
  torch::Tensor weight;  ///< [outputs, inputs] float32
  torch::Tensor bias;    ///< [outputs] float32
};

/// The new last layers: features [N,D] → logits [N,classes]. The activation follows every layer
/// except the last; a head of one layer is softmax regression. Copies share the tensors.
struct Head {
  /// In execution order, at least one.
  std::vector<LinearLayer> layers;
  Activation activation = Activation::kRelu;
  /// Probability with which training drops a hidden unit.
  double dropout = 0;

  /// Without dropout.
  torch::Tensor logits(const torch::Tensor& features) const;
  /// With dropout, drawn from torch's default generator.
  torch::Tensor training_logits(const torch::Tensor& features) const;

  LinearLayer& last() { return layers.back(); }
  const LinearLayer& last() const { return layers.back(); }
  /// Weight and bias of every layer.
  std::vector<torch::Tensor> parameters() const;
  /// A copy with its own tensors on `device`, which do not require gradients.
  Head copy_to(torch::Device device) const;
};

/// A head of one layer.
Head linear_head(torch::Tensor weight, torch::Tensor bias);

/// A new head with the layers that `config` names, its weights drawn with `seed`:
/// - in front of `relu` normal with variance 2 / inputs (He et al. 2015, eq. 10),
/// - in front of `tanh` uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16),
/// - in front of `sigmoid` four times as wide as for `tanh`, since its slope is a quarter as steep,
/// - in the last layer uniform in ±1/√inputs, as in torch.nn.Linear.
/// Hidden biases are zero; the last layer's are drawn like its weights.
Head random_head(const HeadConfig& config, std::int64_t features, std::int64_t classes,
                 std::uint64_t seed);

}  // namespace transfer
