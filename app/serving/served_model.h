#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/prediction.h"
#include "app/report/prediction_format.h"
#include "app/serving/serving_options.h"
#include "models/activation_maps.h"
#include "models/classifier.h"

namespace transfer {

/// Where a network's answer comes from.
struct Explanation {
  std::string output;
  /// The output's probability, or the predicted number.
  double value = 0;
  std::string stage;
  /// The image as the network sees it, under its map.
  std::string overlay_jpeg;
};

/// A trained model in memory. It never changes, so requests may go on with it while a newer one
/// takes its place. All methods may be called from several threads at once.
class ServedModel {
 public:
  /// Loads the model and runs it once, so that the first request finds it compiled. LibTorch allows
  /// one thread at a time to do so. Throws what Classifier does, and ConfigError where it lacks
  /// what `settings.confidence` asks for.
  ServedModel(ModelSource source, const ModelSettings& settings);

  const ModelSource& source() const { return source_; }
  /// SHA-256 of the file that was loaded, in hexadecimal.
  const std::string& sha256() const { return sha256_; }
  const ModelMetadata& metadata() const { return classifier_.metadata(); }
  torch::Device device() const { return device_; }
  /// Whether its predictions say which images are unlike all training images.
  bool tells_unknown() const { return classifier_.known() != nullptr; }
  /// Why explain() cannot be called; empty where it can.
  const std::string& why_unexplained() const { return why_unexplained_; }

  /// describe() as it was when the model was loaded, as JSON in one line.
  const std::string& description() const { return description_; }

  /// An image's bytes as the network sees them, [1,C,H,W]. Throws DataError, OversizedImage and
  /// ResourceError.
  torch::Tensor input(std::string_view bytes, const std::string& name) const;
  /// A prediction for each of the images [N,C,H,W], which are called by `names`: the very numbers
  /// that `predict` gives. Throws what Classifier does.
  std::vector<Prediction> predict(const torch::Tensor& images,
                                  const std::vector<std::string>& names) const;
  /// How its predictions are written, with the `top` likeliest classes.
  std::unique_ptr<PredictionFormat> format(std::int64_t top) const;

  /// Draws where the answer for `output`, or for the largest output, comes from. One image at a
  /// time. Throws as input() does, and ConfigError for an output that the model does not have.
  /// REQUIRES: why_unexplained() is empty.
  Explanation explain(std::string_view bytes, const std::string& name,
                      const std::optional<std::string>& output, MapMethod method) const;

 private:
  void prepare_to_explain();

  ModelSource source_;
  ModelSettings settings_;
  torch::Device device_;
  std::string sha256_;
  Classifier classifier_;
  RowReading reading_;
  std::optional<ActivationMaps> maps_;
  std::string why_unexplained_;
  std::string description_;
  /// ActivationMaps serves one thread at a time.
  mutable std::mutex explaining_;
};

/// Images that go through this model's network together: on a CPU as many as gain by it (one of
/// 224x224 pixels fills the cache alone), on a GPU 32.
std::int64_t images_per_pass(const ServedModel& model);

/// What GET /model says: classes, preprocessing, metrics of the run that the file lies in.
nlohmann::ordered_json describe(const ServedModel& model);

}  // namespace transfer
