#include "app/serving/served_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/compute/device.h"
#include "app/features/model_rows.h"
#include "app/report/heat_overlay.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/json_text.h"
#include "core/lack_of_resources.h"
#include "core/messages.h"
#include "core/nearest_name.h"
#include "datasets/received_image.h"
#include "models/inference_batch.h"
#include "models/temperature.h"

namespace transfer {
namespace {

/// "" for a file that cannot be read, of which Classifier tells more.
std::string sha256_of(const std::filesystem::path& file) {
  try {
    return sha256_hex(read_file(file));
  } catch (const DataError&) {
    return "";
  }
}

torch::Tensor blank_input(const Preprocessing& p) {
  return torch::zeros({1, p.height, p.width, p.channels}).permute({0, 3, 1, 2});
}

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
      sha256_(sha256_of(source_.file)),
      classifier_(source_.file, device_, settings.trust),
      reading_(reading_of(settings, classifier_, source_)) {
  if (sha256_of(source_.file) != sha256_) {
    throw ModelError(
        fmt::format("{}: changed while it was loaded. Load it again once it is "
                    "written.",
                    source_.file.string()));
  }
  if (settings.explains) {
    prepare_to_explain();
  } else {
    why_unexplained_ = "the server was started with --no-explain";
  }
  // LibTorch records shapes in the first run, compiles in the second and may do so once more.
  constexpr int kRuns = 3;
  const auto blank = blank_input(metadata().preprocessing);
  for (int run = 0; run < kRuns; ++run) predict(blank, {source_.name});
  description_ = json_line(describe(*this));
}

void ServedModel::prepare_to_explain() {
  try {
    maps_.emplace(Backbone::load(source_.file, {}, settings_.trust), "");
    const auto blank = blank_input(metadata().preprocessing);
    const auto tried =
        maps_->explain(blank, torch::full({1}, -1, torch::kInt64), MapMethod::kGradCam);
    if (tried.logits.size(1) == static_cast<std::int64_t>(metadata().classes.size())) return;
    why_unexplained_ = "it has no single network whose outputs are its classes";
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    note_detail("{}", error.what());
    why_unexplained_ = "its network has no stage with positions of the image to look at";
  }
  maps_.reset();
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
  const auto values =
      predictions_of(found.logits / temperature_of(metadata()), metadata().objective.targets());
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
