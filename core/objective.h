#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// What is known of an image, and so what a model is to say of it: one class of several, any
/// number of labels, or numbers.
enum class TargetKind { kClass, kLabels, kValues };

/// Each asks for outputs of its own kind: softmax, one sigmoid a label, plain numbers.
enum class LossKind {
  kCrossEntropy,
  kBinaryCrossEntropy,
  kMeanSquaredError,
  kMeanAbsoluteError,
  kHuber
};

/// What a model is trained for. Travels from the configuration into the model file, so that a
/// finished model is measured and shown as what it is.
struct Objective {
  LossKind loss = LossKind::kCrossEntropy;
  /// Where Huber's loss turns from a square into a line, in the targets' units.
  double huber_delta = 1.0;

  TargetKind targets() const;
  /// `classification` or `regression`, as the setting `task` has it.
  std::string task() const;
};

/// The loss's name in the configuration and in transfer.json, such as `binary_cross_entropy`.
std::string loss_name(LossKind loss);

/// The loss of that name; nothing for another name.
std::optional<LossKind> parse_loss(std::string_view name);

/// All losses' names, in the order of the enumeration.
std::vector<std::string> loss_names();

}  // namespace transfer
