#include "app/runs/learned_confidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "app/features/model_logits.h"
#include "app/training/calibration_fit.h"
#include "app/training/known_images_fit.h"
#include "app/training/label_thresholds.h"
#include "core/count_text.h"
#include "core/messages.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// Validation images that the threshold is chosen by; more would not make it better.
constexpr std::int64_t kMostJudges = 1000;
/// Of fewer training images the nearest ones say little.
constexpr std::int64_t kFewestKept = 50;
/// The threshold that keeps 95 % of fewer validation images is the largest score of all.
constexpr std::int64_t kFewestJudges = 20;

/// Says why there is no temperature where one was to be expected.
void tell_choice(const FittedCalibration& fitted, Calibrate wanted) {
  const auto images = static_cast<std::size_t>(fitted.conformal_images);
  if (fitted.choice == TemperatureChoice::kTooFewImages) {
    const std::string text =
        fmt::format("the probabilities are not calibrated: {} for validation, and 20 are needed",
                    count_text(images, "image"));
    if (wanted == Calibrate::kOn) {
      warn("{}", text);
    } else {
      note("{}", text);
    }
  }
  if (fitted.choice == TemperatureChoice::kNoGain) {
    note_detail("no temperature: cross-validation on {} finds no gain",
                count_text(static_cast<std::size_t>(fitted.temperature_images), "image"));
  }
}

std::optional<KnownImages> keep_known_images(const Preparation& p, const Truth& train,
                                             const Truth& val, const MakeFeatures& make_features,
                                             Summary& summary) {
  const std::int64_t wanted = p.config.train.known_images;
  if (wanted == 0) return std::nullopt;
  const Stopwatch clock;
  const FeatureSource source = make_features();
  const std::int64_t most = rows_that_fit(source.dimension, wanted);
  const auto kept = rows_to_keep(train.labels, most);
  const auto judges = spread_rows(val, kMostJudges);
  if (most < std::min(wanted, kFewestKept)) {
    note("model.pt cannot tell unknown images: {} features an image are too many to keep",
         source.dimension);
    return std::nullopt;
  }
  if (std::ssize(judges) < kFewestJudges) {
    note("model.pt cannot tell unknown images: {} for validation, and {} are needed",
         count_text(judges.size(), "image"), kFewestJudges);
    return std::nullopt;
  }
  const torch::Tensor val_features = source.others(judges);
  const torch::Tensor train_features = source.train(kept);
  if (val_features.size(0) == 0 || train_features.size(0) == 0) {
    note("model.pt cannot tell unknown images: no image can be read");
    return std::nullopt;
  }
  auto known = fit_known_images(train_features, val_features);
  const auto are_kept = UnknownScore(known).score(val_features).le(known.threshold);
  summary.known_images = KnownImagesReport{train_features.size(0),
                                           known.neighbours,
                                           known.threshold,
                                           val_features.size(0),
                                           are_kept.to(torch::kFloat64).mean().item<double>(),
                                           clock.seconds()};
  return known;
}

/// Features of the samples at `rows`. A file that could be read before and cannot now is a broken
/// image, whose features are zeros: such rows are left out.
torch::Tensor passed_features(const FrozenPrefix& network, std::int64_t dimension,
                              const Preparation& p, const std::vector<Sample>& samples,
                              const std::vector<std::int64_t>& rows, const std::string& title) {
  ImagePass pass;
  for (const std::int64_t row : rows) {
    pass.samples.push_back(samples[static_cast<std::size_t>(row)]);
  }
  pass.device = p.device;
  pass.threads = p.threads;
  pass.title = title;
  pass.loader.preprocessing = p.preprocessing();
  const ImageLogits result =
      image_logits(std::move(pass), dimension,
                   [&](const torch::Tensor& images) { return network.activations(images); });
  if (result.broken.empty()) return result.logits;
  torch::Tensor are_good = torch::ones({result.logits.size(0)}, torch::kBool);
  for (const BrokenImage& image : result.broken) are_good[image.sample] = false;
  return result.logits.index_select(0, are_good.nonzero().flatten());
}

}  // namespace

std::vector<std::int64_t> spread_rows(const Truth& truth, std::int64_t most) {
  const torch::Tensor counted = truth.counted();
  const std::int64_t count = counted.size(0);
  const std::int64_t wanted = std::min(count, most);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < wanted; ++i) {
    rows.push_back(counted[i * count / wanted].item<std::int64_t>());
  }
  return rows;
}

Confidence learn_confidence(const Preparation& p, const SplitOutputs& val, const Truth& train,
                            const MakeFeatures& make_features, Summary& summary) {
  const TargetKind kind = p.objective().targets();
  if (kind == TargetKind::kLabels && p.config.train.label_thresholds == LabelThresholds::kAuto) {
    auto thresholds = choose_label_thresholds(val.outputs, val.truth);
    // Where all are the usual ones, older programs may read the model too.
    const bool differ = std::ranges::any_of(thresholds, [](float one) { return one != 0.5F; });
    if (differ) summary.objective.label_thresholds = std::move(thresholds);
  }
  if (kind != TargetKind::kClass) return {};
  const torch::NoGradGuard no_gradients;
  const Calibrate wanted = p.config.train.calibrate;
  const FittedCalibration fitted = fit_calibration(val.outputs, val.truth.labels, wanted);
  tell_choice(fitted, wanted);
  summary.calibration = fitted;
  return {fitted.calibration, keep_known_images(p, train, val.truth, make_features, summary)};
}

FeatureSource features_by_pass(const TrainableNetwork& network, const Preparation& p,
                               const std::vector<Sample>& others, const std::string& title) {
  const auto frozen =
      std::make_shared<const FrozenPrefix>(network.frozen_features(p.config.compute.fusion));
  const std::int64_t dimension = frozen->shape(p.preprocessing()).front();
  const auto pass = [frozen, dimension, &p, title](const std::vector<Sample>& samples) {
    return [=, &p, &samples](const std::vector<std::int64_t>& rows) {
      return passed_features(*frozen, dimension, p, samples, rows, title);
    };
  };
  return {dimension, pass(p.dataset.train), pass(others)};
}

torch::Tensor calibrated(const torch::Tensor& outputs, const Confidence& confidence) {
  const double temperature = confidence.temperature();
  return temperature == 1 ? outputs : outputs / temperature;
}

}  // namespace transfer
