#include "app/report/report_images.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "app/report/html_page.h"
#include "app/report/judged_prediction.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "datasets/target_text.h"
#include "datasets/thumbnail.h"
#include "models/classifier.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;
using Positions = std::vector<std::int64_t>;

constexpr std::size_t kMostImages = 400;
/// Of all data addresses together.
constexpr std::size_t kMostAddressBytes = 3'500'000;
/// Of the files that are read, which is what large photographs take time by.
constexpr std::uintmax_t kMostFileBytes = 128'000'000;
constexpr std::size_t kImagesOfCell = 6;
constexpr std::size_t kNearestShown = 3;

/// The predictions of a split, image by image.
class JudgedSplit {
 public:
  explicit JudgedSplit(const ShownSplit& split)
      : split_(split),
        kind_(split.objective.targets()),
        predictions_(predictions_of(split.outputs, kind_).contiguous()),
        loss_(loss_of_each(split.truth, split.outputs, kind_).to(torch::kFloat32).contiguous()) {
    const torch::Tensor counted = split.truth.counted();
    const auto* const first = counted.const_data_ptr<std::int64_t>();
    falling_.assign(first, first + counted.size(0));
    std::stable_sort(falling_.begin(), falling_.end(),
                     [this](std::int64_t a, std::int64_t b) { return loss(a) > loss(b); });
  }

  const ShownSplit& split() const { return split_; }
  TargetKind kind() const { return kind_; }
  /// Those that count, by falling loss.
  const Positions& falling() const { return falling_; }
  float loss(std::int64_t position) const { return loss_.const_data_ptr<float>()[position]; }
  const Sample& sample(std::int64_t position) const {
    return split_.samples[static_cast<std::size_t>(position)];
  }

  std::vector<float> numbers(std::int64_t position) const {
    const std::int64_t width = predictions_.size(1);
    const float* first = predictions_.const_data_ptr<float>() + position * width;
    return {first, first + width};
  }

  JudgedPrediction judged(std::int64_t position) const {
    return judge(sample(position), numbers(position), split_.classes, split_.objective);
  }

  std::int64_t predicted_class(std::int64_t position) const {
    const auto all = numbers(position);
    return std::max_element(all.begin(), all.end()) - all.begin();
  }

 private:
  const ShownSplit& split_;
  TargetKind kind_;
  torch::Tensor predictions_;
  torch::Tensor loss_;
  Positions falling_;
};

Positions highest_loss(const JudgedSplit& judged, std::size_t most) {
  Positions wrong;
  for (const std::int64_t position : judged.falling()) {
    if (wrong.size() == most) break;
    if (judged.kind() == TargetKind::kValues || !judged.judged(position).is_correct) {
      wrong.push_back(position);
    }
  }
  if (!wrong.empty()) return wrong;
  const auto count = std::min(most, judged.falling().size());
  return {judged.falling().begin(), judged.falling().begin() + static_cast<std::ptrdiff_t>(count)};
}

/// The images of the page, each once, as long as there is room for more.
class ImageCollection {
 public:
  ImageCollection(const JudgedSplit& judged, const ReportExtras& extras)
      : judged_(judged), extras_(extras) {}

  /// The places of those that there is room for.
  ordered_json add(const Positions& positions) {
    ordered_json places = ordered_json::array();
    for (const std::int64_t position : positions) {
      if (const auto known = places_.find(position); known != places_.end()) {
        places.push_back(known->second);
      } else if (has_room(position)) {
        throw_if_stopped();
        places_[position] = objects_.size();
        places.push_back(objects_.size());
        objects_.push_back(object_of(position));
      }
    }
    return places;
  }

  std::size_t size() const { return objects_.size(); }
  ordered_json take() { return std::move(objects_); }

 private:
  bool has_room(std::int64_t position) {
    if (objects_.size() >= kMostImages || address_bytes_ >= kMostAddressBytes) return false;
    const Sample& sample = judged_.sample(position);
    std::error_code ignored;
    const auto bytes = sample.array ? 0 : std::filesystem::file_size(sample.path, ignored);
    if (ignored) return true;  // to be shown as one that cannot be read
    if (!objects_.empty() && file_bytes_ + bytes > kMostFileBytes) return false;
    file_bytes_ += bytes;
    return true;
  }

  ordered_json thumbnail(const Sample& sample) {
    try {
      std::string address =
          data_address("image/jpeg", thumbnail_of(sample, judged_.split().preprocessing));
      address_bytes_ += address.size();
      return address;
    } catch (const DataError&) {
      return nullptr;
    }
  }

  ordered_json object_of(std::int64_t position) {
    const Sample& sample = judged_.sample(position);
    const auto& classes = judged_.split().classes;
    ordered_json object = {{"path", sample.path},
                           {"true", target_text(sample, classes, judged_.kind())}};
    if (judged_.kind() == TargetKind::kValues) {
      Sample predicted = sample;
      predicted.targets = judged_.numbers(position);
      object["predicted"] = target_text(predicted, classes, judged_.kind());
    } else {
      const JudgedPrediction judged = judged_.judged(position);
      object["predicted"] = judged.text;
      object["right"] = judged.is_correct;
      object["confidence"] = judged.confidence;
    }
    object["loss"] = judged_.loss(position);
    object["thumbnail"] = thumbnail(sample);
    add_extras(object, position);
    return object;
  }

  void add_extras(ordered_json& object, std::int64_t position) {
    if (const auto overlay = extras_.overlays.find(position); overlay != extras_.overlays.end()) {
      std::string address = data_address("image/jpeg", overlay->second);
      address_bytes_ += address.size();
      object["overlay"] = std::move(address);
    }
    const auto nearest = extras_.nearest.find(position);
    if (nearest == extras_.nearest.end()) return;
    for (const NearestImage& image : nearest->second) {
      if (object["nearest"].size() == kNearestShown) break;
      object["nearest"].push_back({{"path", image.sample.path},
                                   {"true", image.target},
                                   {"similarity", image.similarity},
                                   {"thumbnail", thumbnail(image.sample)}});
    }
  }

  const JudgedSplit& judged_;
  const ReportExtras& extras_;
  std::map<std::int64_t, std::size_t> places_;
  ordered_json objects_ = ordered_json::array();
  std::size_t address_bytes_ = 0;
  std::uintmax_t file_bytes_ = 0;
};

using Cell = std::pair<std::int64_t, std::int64_t>;

/// At most `most` of them, spread evenly from the first to the last.
Positions spread_evenly(const Positions& positions, std::size_t most) {
  if (positions.size() <= most) return positions;
  Positions some;
  for (std::size_t k = 0; k < most; ++k) {
    some.push_back(positions[k * (positions.size() - 1) / (most - 1)]);
  }
  return some;
}

/// Some images of each cell of the confusion matrix: the mistakes of the highest loss, and right
/// ones from the least sure to the surest, more where there are few classes.
std::map<Cell, Positions> images_of_cells(const JudgedSplit& judged) {
  std::map<Cell, Positions> cells;
  for (const std::int64_t position : judged.falling()) {
    cells[{judged.sample(position).label, judged.predicted_class(position)}].push_back(position);
  }
  const std::size_t right_of_class =
      std::clamp<std::size_t>(48 / judged.split().classes.size(), 3, 12);
  for (auto& [cell, positions] : cells) {
    if (cell.first == cell.second) {
      positions = spread_evenly(positions, right_of_class);
    } else {
      positions.resize(std::min(positions.size(), kImagesOfCell));
    }
  }
  return cells;
}

/// Mistakes first: they are what a reader looks for.
ordered_json cells_json(const JudgedSplit& judged, ImageCollection& images) {
  const auto cells = images_of_cells(judged);
  ordered_json array = ordered_json::array();
  for (const bool right : {false, true}) {
    for (const auto& [cell, positions] : cells) {
      if ((cell.first == cell.second) != right) continue;
      ordered_json places = images.add(positions);
      if (places.empty()) continue;
      array.push_back({{"truth", cell.first}, {"predicted", cell.second}, {"images", places}});
    }
  }
  return array;
}

ordered_json labels_json(const JudgedSplit& judged, ImageCollection& images) {
  const std::size_t labels = judged.split().classes.size();
  std::vector<Positions> missed(labels);
  std::vector<Positions> added(labels);
  for (const std::int64_t position : judged.falling()) {
    const auto probabilities = judged.numbers(position);
    for (std::size_t c = 0; c < labels; ++c) {
      const bool is_true = judged.sample(position).targets[c] >= 0.5F;
      const bool is_predicted = probabilities[c] >= judged.split().objective.label_threshold(c);
      if (is_true == is_predicted) continue;
      Positions& list = is_true ? missed[c] : added[c];
      if (list.size() < kImagesOfCell) list.push_back(position);
    }
  }
  ordered_json array = ordered_json::array();
  for (std::size_t c = 0; c < labels; ++c) {
    ordered_json object = {{"missed", images.add(missed[c])}};
    object["added"] = images.add(added[c]);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace

Positions images_of_highest_loss(const ShownSplit& split, std::size_t most) {
  return highest_loss(JudgedSplit(split), most);
}

ordered_json report_images(const ShownSplit& split, const ReportExtras& extras) {
  constexpr std::size_t kTop = 24;
  const JudgedSplit judged(split);
  ImageCollection images(judged, extras);
  ordered_json object = {{"top", images.add(highest_loss(judged, kTop))}};
  if (judged.kind() == TargetKind::kClass) object["cells"] = cells_json(judged, images);
  if (judged.kind() == TargetKind::kLabels) object["labels"] = labels_json(judged, images);
  object["counted"] = judged.falling().size();
  object["left_out"] = judged.falling().size() - images.size();
  object["images"] = images.take();
  return object;
}

}  // namespace transfer
