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

/// The new last layers: features [N,D] → logits [N,classes]. The activation follows every layer but
/// the last; with one layer, and nothing hidden, it is softmax regression. Copies share the
/// tensors.
struct Head {
  /// In execution order, at least one.
  std::vector<LinearLayer> layers;
  /// `relu`, `sigmoid` or `tanh`.
  std::string activation = "relu";
  /// Part of each hidden layer's units that training leaves out.
  double dropout = 0;

  /// Without dropout.
  torch::Tensor logits(const torch::Tensor& features) const;
  /// With dropout, drawn from torch's own generator.
  torch::Tensor training_logits(const torch::Tensor& features) const;

  LinearLayer& last() { return layers.back(); }
  const LinearLayer& last() const { return layers.back(); }
  /// Weight and bias of every layer.
  std::vector<torch::Tensor> parameters() const;
  /// The same numbers in tensors of its own on `device`, without gradients.
  Head copy_to(torch::Device device) const;
};

/// A head of one layer.
Head linear_head(torch::Tensor weight, torch::Tensor bias);

/// A new head of the structure that `config` names, every number drawn by `seed`. Weights in front
/// of `relu` are normal with variance 2 / inputs (He et al. 2015, eq. 10); in front of `tanh`
/// uniform in ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010, eq. 16), and in front of
/// `sigmoid` four times as wide, since it rises a quarter as steeply; hidden biases are zero. The
/// last layer is uniform in ±1/√inputs, its bias too, as torch.nn.Linear draws it.
Head random_head(const HeadConfig& config, std::int64_t features, std::int64_t classes,
                 std::uint64_t seed);

}  // namespace transfer
