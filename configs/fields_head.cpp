#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_head_fields(std::vector<Field>& fields, HeadConfig& h) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"head.loss", &h.loss, kNoLimits, "none", kResult, kEveryRun,
       "What training minimises: cross_entropy over a softmax (one class per image); likewise "
       "focal, which turns to images that are hard (Lin et al. 2017), and logit_adjusted, which "
       "makes up for classes of few images (Menon et al. 2021); binary_cross_entropy over one "
       "sigmoid per label (any number of labels); or for regression mse, mae or huber. auto: "
       "cross_entropy, for regression mse.",
       "binary_cross_entropy"},
      {"head.focal_gamma", &h.focal_gamma, between(0, 20), "none", kResult, kFocalLoss,
       "How strongly the focal loss turns from images whose class is likely already: their loss "
       "counts (1 - p)^focal_gamma. 0: as cross_entropy.",
       "1"},
      {"head.logit_adjustment", &h.logit_adjustment, between(0, 10), "none", kResult,
       kLogitAdjustedLoss,
       "How much of the classes' frequencies the loss logit_adjusted makes up for (tau of Menon et "
       "al. 2021). 0: nothing, as cross_entropy. 1: as if all classes had as many images.",
       "0.5"},
      {"head.huber_delta", &h.huber_delta, between(1e-9, 1e9), "the targets' units", kResult,
       kHuberLoss, "Error above which the loss huber grows like mae instead of mse.", "0.5"},
      {"head.hidden", &h.hidden, between(1, 65536), "units", kResult, kEveryRun,
       "Size of each hidden layer between the features and the last layer. Empty: softmax "
       "regression. On stored features hidden layers bring the preset hidden-layers.",
       "[512, 256]"},
      {"head.activation", &h.activation, kNoLimits, "none", kResult, kHiddenLayers,
       "Activation behind each hidden layer.", "tanh"},
      {"head.dropout", &h.dropout, between(0, 0.99), "fraction of the units", kResult,
       kHiddenLayers,
       "Units of each hidden layer that a training step leaves out at random (Srivastava et al. "
       "2014).",
       "0.2"},
      {"head.start", &h.start, kNoLimits, "none", kResult, kTrainedLayers,
       "How the head starts: from random weights, or fitted to the pretrained features first "
       "(Kumar et al. 2022); that start is epoch 0 when the best weights are chosen.",
       "fitted"},
      {"head.weight_decay", &h.weight_decay, between(0, 1e6), "none", kResult, kEveryRun,
       "L2 penalty on the head's weights, without biases: loss + weight_decay / 2 * |W|^2. auto: "
       "chosen by 5-fold cross-validation on the training features; 0.01 with hidden layers.",
       "0.1"},
      {"head.label_smoothing", &h.label_smoothing, between(0, 0.99), "none", kResult, kEveryRun,
       "Label smoothing of the cross-entropy (Szegedy et al. 2016).", "0.1"},
      {"head.class_weights", &h.class_weights, kNoLimits, "none", kResult, kEveryRun,
       "Weight of each class in the cross-entropy: none weighs all alike, auto in inverse "
       "proportion to the number of images.",
       "auto"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
