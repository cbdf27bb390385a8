#include "app/training/calibration_fit.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "app/training/reliability.h"
#include "app/training/conformal.h"
#include "app/training/temperature.h"
#include "core/random.h"

namespace transfer {
namespace {

constexpr std::int64_t kCalibrationFolds = 5;
/// A temperature of fewer images would say more of chance than of the network.
constexpr std::int64_t kFewestForTemperature = 10;
/// One number needs no more, and neither does measuring its effect: with many classes more would
/// take long.
constexpr std::int64_t kMostForTemperature = 5000;

/// Logits [n,C] and labels [n] of some images.
struct LabelledLogits {
  torch::Tensor logits;
  torch::Tensor labels;

  LabelledLogits select(const torch::Tensor& rows) const {
    return {logits.index_select(0, rows), labels.index_select(0, rows)};
  }
  LabelledLogits narrow(std::int64_t first, std::int64_t count) const {
    return {logits.narrow(0, first, count), labels.narrow(0, first, count)};
  }
  std::int64_t count() const { return labels.size(0); }
};

/// The rows that count and are numbers, in a random order that is always the same.
LabelledLogits shuffled_images(const torch::Tensor& logits, const torch::Tensor& labels) {
  const torch::Tensor are_finite = torch::isfinite(logits.detach().cpu()).all(1);
  const torch::Tensor counted =
      labels.to(torch::kCPU).ge(0).logical_and(are_finite).nonzero().flatten();
  std::vector<std::int64_t> order(static_cast<std::size_t>(counted.size(0)));
  std::iota(order.begin(), order.end(), 0);
  Random(0).shuffle(order);
  const torch::Tensor rows = counted.index_select(0, torch::tensor(order, torch::kInt64));
  return LabelledLogits{logits.detach().cpu(), labels.to(torch::kCPU)}.select(rows);
}

/// Logits [n,C] at the temperatures of a cross-validation: each is fitted to the other folds.
torch::Tensor cross_validated(const LabelledLogits& images) {
  const torch::Tensor folds = torch::arange(images.count()).remainder(kCalibrationFolds);
  torch::Tensor scaled = images.logits.to(torch::kFloat64);
  for (std::int64_t fold = 0; fold < kCalibrationFolds; ++fold) {
    const LabelledLogits others = images.select(folds.ne(fold).nonzero().flatten());
    const torch::Tensor rows = folds.eq(fold).nonzero().flatten();
    const double temperature = fit_temperature(others.logits, others.labels);
    scaled.index_copy_(0, rows, scaled.index_select(0, rows) / temperature);
  }
  return scaled;
}

CalibrationQuality quality(const torch::Tensor& logits, const torch::Tensor& labels) {
  return {negative_log_likelihood(logits, labels, 1),
          expected_calibration_error(logits.to(torch::kFloat64).softmax(1), labels)};
}

}  // namespace

FittedCalibration fit_calibration(const torch::Tensor& logits, const torch::Tensor& labels,
                                  Calibrate wanted) {
  const torch::NoGradGuard no_gradients;
  const LabelledLogits all = shuffled_images(logits, labels);
  FittedCalibration result;
  const std::int64_t half = std::min(all.count() / 2, kMostForTemperature);
  if (wanted == Calibrate::kOff || half < kFewestForTemperature) {
    result.choice =
        wanted == Calibrate::kOff ? TemperatureChoice::kOff : TemperatureChoice::kTooFewImages;
    result.conformal_images = all.count();
    result.calibration.conformal = conformal_scores(all.logits, all.labels);
    return result;
  }
  const LabelledLogits first = all.narrow(0, half);
  const LabelledLogits second = all.narrow(half, all.count() - half);
  const torch::Tensor held_out = cross_validated(first);
  const double temperature = fit_temperature(first.logits, first.labels);
  const LabelledLogits judges = second.narrow(0, std::min(second.count(), kMostForTemperature));
  const torch::Tensor truth = torch::cat({first.labels, judges.labels});
  result.before = quality(torch::cat({first.logits, judges.logits}), truth);
  result.after =
      quality(torch::cat({held_out, judges.logits.to(torch::kFloat64) / temperature}), truth);
  const bool is_taken = wanted == Calibrate::kOn || result.after->nll < result.before->nll;
  result.choice = is_taken ? TemperatureChoice::kTaken : TemperatureChoice::kNoGain;
  if (is_taken) result.calibration.temperature = temperature;
  result.temperature_images = first.count();
  result.conformal_images = second.count();
  result.calibration.conformal =
      conformal_scores(second.logits / result.calibration.temperature, second.labels);
  return result;
}

}  // namespace transfer
