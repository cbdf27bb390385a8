#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/compute/process_group.h"
#include "app/training/teacher.h"
#include "app/training/training_input.h"
#include "configs/config.h"

namespace transfer {

/// The batches of another input, and for each of their images what a teacher says of it.
///
/// Where every epoch shows the same images (images_repeat()), the teacher is asked once about each
/// image and augmented view, and its logits are kept in memory (Batch::teacher_logits), 4 bytes a
/// class. Otherwise a batch brings the same images as the teacher is to see them, decoded and
/// changed at random by the same numbers (Batch::teacher_images).
class TaughtInput : public TrainingInput {
 public:
  /// Asks the teacher about the images where it is to be asked once; the processes of the group
  /// divide that work. The dataset must outlive this. Throws what run_over_images() throws.
  TaughtInput(std::unique_ptr<TrainingInput> input, std::shared_ptr<const Teacher> teacher,
              const Dataset& dataset, const Config& config, torch::Device device,
              std::int64_t threads, ProcessGroup& group);

  const TrainedPart& part() const override { return input_->part(); }
  const Teacher* teacher() const override { return teacher_.get(); }
  std::unique_ptr<BatchReader> read(const LoaderOptions& epoch) override;
  ImageLogits evaluate(const TrainableNetwork& network, EvaluatedSplit split,
                       const std::string& title, const EvaluationPart& part) override {
    return input_->evaluate(network, split, title, part);
  }

 private:
  std::unique_ptr<TrainingInput> input_;
  std::shared_ptr<const Teacher> teacher_;
  const Dataset& dataset_;
  /// The teacher's logits [images,classes] for each view; empty where images never repeat.
  std::vector<torch::Tensor> views_;
};

}  // namespace transfer
