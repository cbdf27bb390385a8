#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/features/model_logits.h"
#include "app/training/trained_part.h"
#include "datasets/dataset.h"
#include "datasets/loader.h"
#include "models/trainable_network.h"

namespace transfer {

class Teacher;

/// The batches of one epoch, one after another.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  /// The next batch, or nothing after the last.
  virtual std::optional<Batch> next() = 0;
};

/// A split on which a network is evaluated.
enum class EvaluatedSplit { kVal, kTest };

/// Its images.
inline const std::vector<Sample>& images_of(const Dataset& dataset, EvaluatedSplit split) {
  return split == EvaluatedSplit::kVal ? dataset.val : dataset.test;
}

/// Source of batches while a network trains, and which of its layers run on them.
class TrainingInput {
 public:
  virtual ~TrainingInput() = default;

  /// The layers that run on what the batches hold.
  virtual const TrainedPart& part() const = 0;

  /// Whom the network learns from; nullptr for none.
  virtual const Teacher* teacher() const { return nullptr; }

  /// The batches that `epoch` describes (see training_batches()). Their `images` are images, or
  /// activations of the frozen layers, [n,…] float32.
  virtual std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) = 0;

  /// The network's logits for a split, in evaluation mode. Only the rows of `part` are computed;
  /// the others are zero.
  virtual ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                               const std::string& title, const EvaluationPart& part) = 0;
};

}  // namespace transfer
