#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>

#include "app/features/feature_store.h"
#include "app/training/training_input.h"

namespace transfer {

/// Activations that the frozen first layers of a split network give for each image, computed once
/// and kept in a feature store, so that an epoch decodes no image and runs only the layers behind
/// the split.
class StoredInput : public TrainingInput {
 public:
  /// Runs the frozen layers over the training images, with `augmented_views` extra views, and
  /// over the validation images. The dataset must outlive this. Throws what FeatureStore::extract
  /// throws.
  StoredInput(FeatureStore store, const Dataset& dataset, std::int64_t augmented_views,
              std::int64_t threads);

  const TrainedPart& part() const override { return part_; }
  /// An epoch reads the view that its `epoch` numbers; see training_batches().
  std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) override;
  /// The first call for the test split computes its activations.
  ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                       const std::string& title, const EvaluationPart& part) override;

 private:
  const FeatureSet& features_of(EvaluatedSplit split, const std::string& title);

  const Dataset& dataset_;
  FeatureStore store_;
  TrainedPart part_;
  FeatureSet train_;
  std::map<EvaluatedSplit, FeatureSet> evaluated_;
  std::int64_t threads_;
};

}  // namespace transfer
