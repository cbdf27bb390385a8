#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/training/loss.h"
#include "datasets/truth.h"

namespace transfer {

/// Images divided into folds; each fit leaves one fold out.
struct FoldedImages {
  torch::Tensor features;  ///< [n,D], scaled
  Truth truth;             ///< of n rows
  torch::Tensor folds;     ///< [n], 0 to `count` − 1
  std::int64_t count = 0;
};

/// The linear heads of a cross-validation, one for each fold left out. They are fitted together:
/// side by side in one matrix they cost one step of L-BFGS instead of one each. Their objectives
/// share no weight, so the sum is minimal where each of them is.
class FoldHeads {
 public:
  /// Shares the tensors of `images` and computes on their device; each head has `outputs` outputs.
  /// A fit ends when its objective falls by less than `tolerance`: stopping early regularises, and
  /// makes too weak a decay look best.
  FoldHeads(const Loss& loss, const FoldedImages& images, std::int64_t outputs,
            double tolerance = 1e-7);

  /// Fits with that weight decay (a penalty of decay / 2 · ‖W‖² on the mean loss), starting from
  /// the last fit. Returns the outputs [n,C] for every image by the head that has not seen it.
  /// Throws Interrupted.
  torch::Tensor fit(double weight_decay);

 private:
  /// The summed loss of outputs [F,C,n] and its gradient with respect to them.
  struct LossOfOutputs {
    double sum = 0;
    torch::Tensor gradient;
  };
  LossOfOutputs loss_of(const torch::Tensor& outputs) const;
  /// As output_curvature(), for outputs [F,C,n].
  torch::Tensor curvature_of(const torch::Tensor& outputs) const;

  /// Chooses a unit for every weight so that the objective has the same curvature along all of
  /// them: L-BFGS then converges in a fraction of the time (Nocedal and Wright, "Numerical
  /// Optimization", 2006, section 2.2).
  void choose_units(double weight_decay);
  /// [F,C,n] for all images.
  torch::Tensor outputs() const;

  const Loss& loss_;
  const FoldedImages& images_;
  std::int64_t outputs_;
  double tolerance_;
  /// All images once per fold: [F·n]; an image does not count in its own fold.
  Truth truth_;
  /// One class per image only: the weight of each output's −log p [F,C,n], and the sum over the
  /// classes [F,1,n].
  torch::Tensor targets_;
  torch::Tensor target_sums_;
  /// Total weight of all folds' images, and each head's share [F·C,1].
  double total_ = 0;
  torch::Tensor share_;
  /// The actual weights [F·C,D] and biases [F·C,1] are these times their units.
  torch::Tensor weight_;
  torch::Tensor bias_;
  torch::Tensor weight_units_;
  torch::Tensor bias_units_;
};

}  // namespace transfer
