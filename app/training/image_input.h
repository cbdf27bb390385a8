#pragma once

#include <torch/types.h>

#include <cstdint>

#include "app/training/training_input.h"
#include "core/fusion.h"
#include "core/preprocessing.h"

namespace transfer {

/// Images, decoded again in every epoch.
class ImageInput : public TrainingInput {
 public:
  /// The dataset must outlive this. On a CPU, splits that repay it are evaluated on a frozen copy
  /// of the network (see fusion_for()), unless `fusion` is off.
  ImageInput(const Dataset& dataset, Preprocessing preprocessing, TrainedPart part,
             torch::Device device, std::int64_t threads, Fusion fusion);

  const TrainedPart& part() const override { return part_; }
  std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) override;
  ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                       const std::string& title, const EvaluationPart& part) override;

 private:
  const Dataset& dataset_;
  Preprocessing preprocessing_;
  TrainedPart part_;
  torch::Device device_;
  std::int64_t threads_;
  Fusion fusion_;
};

}  // namespace transfer
