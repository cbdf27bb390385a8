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

/// The batches of one epoch, one after another.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  /// The next batch, or nothing after the last.
  virtual std::optional<Batch> next() = 0;
};

/// What a network is evaluated on while it trains and when it is trained.
enum class EvaluatedSplit { kVal, kTest };

/// Its images.
inline const std::vector<Sample>& images_of(const Dataset& dataset, EvaluatedSplit split) {
  return split == EvaluatedSplit::kVal ? dataset.val : dataset.test;
}

/// Where batches come from while a network trains, and which of its layers run on them.
class TrainingInput {
 public:
  virtual ~TrainingInput() = default;

  /// The layers that run on what the batches hold.
  virtual const TrainedPart& part() const = 0;

  /// The batches that `epoch` describes (see training_batches()). Their `images` are images, or
  /// what the frozen layers made of them, [n,…] float32.
  virtual std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) = 0;

  /// Logits of a split by the network, which is in evaluation mode; of one process's part of it,
  /// the other rows being zero.
  virtual ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                               const std::string& title, const EvaluationPart& part) = 0;
};

}  // namespace transfer
