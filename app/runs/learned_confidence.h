#pragma once

#include <torch/types.h>

#include <functional>
#include <string>
#include <vector>

#include "app/preparation/preparation.h"
#include "app/report/summary.h"
#include "app/runs/split_results.h"
#include "models/known_images.h"
#include "models/trainable_network.h"

namespace transfer {

/// Gives features [n,D] of some images of a split.
using FeaturesOf = std::function<torch::Tensor(const std::vector<std::int64_t>& rows)>;

/// At most `most` of the rows that count, evenly spread.
std::vector<std::int64_t> spread_rows(const Truth& truth, std::int64_t most);

/// Where the features of a run's images come from.
struct FeatureSource {
  /// Numbers in a row.
  std::int64_t dimension = 0;
  FeaturesOf train;
  /// Of a split that measures the model.
  FeaturesOf others;
};

using MakeFeatures = std::function<FeatureSource()>;

/// What the run's model is to keep beside its weights, see Confidence: its calibration, by the
/// network's outputs for the validation images, and features of training images. `train` is what is
/// known of those; rows of broken images do not count. Nothing for labels and numbers; for labels
/// the summary's objective gets their thresholds. `make_features` is called where features are
/// wanted. Says what cannot be had, and fills in the summary's part. Throws Interrupted.
Confidence learn_confidence(const Preparation& preparation, const SplitOutputs& val,
                            const Truth& train, const MakeFeatures& make_features,
                            Summary& summary);

/// The features of a network that has been trained, by a pass over the training images or over
/// `others`. `title` is what the pass is for. The references must outlive the result.
FeatureSource features_by_pass(const TrainableNetwork& network, const Preparation& preparation,
                               const std::vector<Sample>& others, const std::string& title);

/// The same outputs as the model will give them: divided by the temperature.
torch::Tensor calibrated(const torch::Tensor& outputs, const Confidence& confidence);

}  // namespace transfer
