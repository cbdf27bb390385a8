#include "app/report/prediction_rows.h"

#include "app/training/conformal.h"
#include "models/classifier.h"

namespace transfer {
namespace {

void add_familiarity(std::vector<Prediction>& predictions, const torch::Tensor& unknown_scores,
                     double threshold) {
  const auto scores = unknown_scores.to(torch::kFloat64).contiguous();
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    const double score = scores.const_data_ptr<double>()[i];
    predictions[i].familiarity = Familiarity{score <= threshold, score};
  }
}

}  // namespace

std::vector<Prediction> predictions_in(const RowBlock& block, const std::vector<Sample>& samples,
                                       const RowReading& reading) {
  const std::int64_t scores = reading.unknown_threshold ? 1 : 0;
  const std::int64_t columns = (block.rows.size(1) - scores) / (reading.has_own_logits ? 2 : 1);
  const auto logits = block.rows.narrow(1, 0, columns);
  const auto rows = predictions_of(logits, reading.kind).to(torch::kFloat32).contiguous();
  const auto width = static_cast<std::ptrdiff_t>(columns);
  const auto* const numbers = rows.const_data_ptr<float>();
  std::vector<Prediction> predictions;
  for (std::ptrdiff_t i = 0; i < rows.size(0); ++i) {
    const Sample& sample = samples[static_cast<std::size_t>(block.first + i)];
    const float* const first = numbers + i * width;
    predictions.push_back({sample.path, {first, first + width}});
  }
  if (reading.unknown_threshold) {
    add_familiarity(predictions, block.rows.select(1, columns), *reading.unknown_threshold);
  }
  if (reading.largest_set_score) {
    const auto own =
        reading.has_own_logits ? block.rows.narrow(1, columns + scores, columns) : logits;
    auto sets = conformal_sets(class_scores(own), *reading.largest_set_score);
    for (std::size_t i = 0; i < sets.size(); ++i) predictions[i].set = std::move(sets[i]);
  }
  for (const BrokenImage& broken : block.broken) {
    Prediction& prediction = predictions[static_cast<std::size_t>(broken.sample - block.first)];
    prediction = {prediction.path, {}, broken.reason};
  }
  return predictions;
}

}  // namespace transfer
