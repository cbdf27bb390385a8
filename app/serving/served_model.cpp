#include "app/serving/served_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/compute/device.h"
#include "app/features/model_rows.h"
#include "app/report/heat_overlay.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/messages.h"
#include "core/nearest_name.h"
#include "datasets/received_image.h"
#include "models/inference_batch.h"

namespace transfer {
namespace {

RowReading reading_of(const ModelSettings& settings, const Classifier& model,
                      const ModelSource& source) {
  RowReading reading = row_reading(settings.confidence, model, source.file.string());
  reading.has_own_logits = settings.views > 1 && reading.largest_set_score;
  return reading;
}

}  // namespace

ServedModel::ServedModel(ModelSource source, const ModelSettings& settings)
    : source_(std::move(source)),
      settings_(settings),
      device_(settings.device),
      sha256_(sha256_hex(read_file(source_.file))),
      classifier_(source_.file, device_, settings.trust),
      reading_(reading_of(settings, classifier_, source_)) {
  if (sha256_hex(read_file(source_.file)) != sha256_) {
    throw ModelError(
        fmt::format("{}: changed while it was loaded. Load it again once it is "
                    "written.",
                    source_.file.string()));
  }
  if (!settings.explains) {
    why_unexplained_ = "the server was started with --no-explain";
  } else {
    try {
      maps_.emplace(Backbone::load(source_.file, {}, settings.trust), "");
    } catch (const Error& error) {
      note_detail("{}", error.what());
      why_unexplained_ = "this network has no stage with positions of the image to look at";
    }
  }
  warm_up();
}

void ServedModel::warm_up() const {
  // LibTorch records shapes in the first run, compiles in the second and may do so once more.
  constexpr int kRuns = 3;
  const Preprocessing& p = metadata().preprocessing;
  const auto blank = torch::zeros({1, p.height, p.width, p.channels}).permute({0, 3, 1, 2});
  for (int run = 0; run < kRuns; ++run) predict(blank, {source_.name});
}

torch::Tensor ServedModel::input(std::string_view bytes, const std::string& name) const {
  return network_input(bytes, name, metadata().preprocessing, settings_.max_image_bytes);
}

std::vector<Prediction> ServedModel::predict(const torch::Tensor& images,
                                             const std::vector<std::string>& names) const {
  StreamOptions options;
  options.views = settings_.views;
  options.keeps_own_outputs = reading_.has_own_logits;
  RowBlock block;
  block.rows = model_rows(classifier_, images, options, settings_.fusion);
  std::vector<Sample> samples(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) samples[i].path = names[i];
  return predictions_in(block, samples, reading_);
}

std::unique_ptr<PredictionFormat> ServedModel::format(std::int64_t top) const {
  return prediction_format(metadata().objective, metadata().classes, top,
                           class_columns(settings_.confidence, classifier_));
}

Explanation ServedModel::explain(std::string_view bytes, const std::string& name,
                                 const std::optional<std::string>& output, MapMethod method) const {
  constexpr int kSide = 448;
  const auto& classes = metadata().classes;
  std::int64_t position = -1;
  if (output) {
    const auto found = std::find(classes.begin(), classes.end(), *output);
    if (found == classes.end()) {
      throw ConfigError(fmt::format("the model {} has no output '{}'{}", source_.name, *output,
                                    suggestion(*output, classes)));
    }
    position = found - classes.begin();
  }
  const torch::Tensor image = input(bytes, name);
  const std::lock_guard lock(explaining_);
  const auto found = maps_->explain(image, torch::full({1}, position, torch::kInt64), method);
  const double temperature = metadata().calibration ? metadata().calibration->temperature : 1;
  const auto values = predictions_of(found.logits / temperature, metadata().objective.targets());
  const auto shown = found.outputs[0].item<std::int64_t>();
  return {classes.at(static_cast<std::size_t>(shown)), values[0][shown].item<double>(),
          maps_->stage(),
          overlay_jpeg(bytes, name, found.maps[0], metadata().preprocessing,
                       settings_.max_image_bytes, kSide)};
}

std::int64_t images_per_pass(const ServedModel& model) {
  constexpr std::int64_t kOnGpu = 32;
  const Preprocessing& p = model.metadata().preprocessing;
  return model.device().is_cpu() ? images_per_slice(p.height, p.width) : kOnGpu;
}

}  // namespace transfer
