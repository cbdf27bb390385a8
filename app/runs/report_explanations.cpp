#include "app/runs/report_explanations.h"

#include <algorithm>
#include <map>

#include "app/features/nearest_images.h"
#include "app/report/heat_overlay.h"
#include "app/report/report_images.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "datasets/loader.h"
#include "datasets/target_text.h"
#include "datasets/thumbnail.h"
#include "models/torch_error.h"

namespace transfer {
namespace {

using Positions = std::vector<std::int64_t>;

constexpr std::size_t kHighestLoss = 12;
constexpr std::size_t kMostClasses = 12;
constexpr std::int64_t kNeighboursOfImage = 3;

/// The right image of the largest output of each class, of so many classes at most.
Positions surest_of_classes(const ShownSplit& shown) {
  if (shown.objective.targets() != TargetKind::kClass) return {};
  const auto [values, predicted] = shown.outputs.softmax(1).max(1);
  std::map<std::int64_t, std::int64_t> surest;
  const torch::Tensor counted = shown.truth.counted();
  for (std::int64_t i = 0; i < counted.size(0); ++i) {
    const auto position = counted[i].item<std::int64_t>();
    const auto label = shown.truth.labels[position].item<std::int64_t>();
    if (predicted[position].item<std::int64_t>() != label) continue;
    const auto known = surest.find(label);
    if (known == surest.end()) {
      if (surest.size() < kMostClasses) surest[label] = position;
    } else if (values[position].item<float>() > values[known->second].item<float>()) {
      known->second = position;
    }
  }
  Positions positions;
  for (const auto& [label, position] : surest) positions.push_back(position);
  return positions;
}

Positions positions_to_explain(const ShownSplit& shown) {
  Positions positions = images_of_highest_loss(shown, kHighestLoss);
  for (const std::int64_t position : surest_of_classes(shown)) {
    const bool is_there =
        std::find(positions.begin(), positions.end(), position) != positions.end();
    if (!is_there) positions.push_back(position);
  }
  return positions;
}

void add_overlays(const ShownSplit& shown, const Positions& positions, const ActivationMaps& maps,
                  ReportExtras& extras) {
  LoaderOptions options;
  options.preprocessing = shown.preprocessing;
  options.batch_size = 4;
  options.workers = 1;
  options.order = positions;
  Loader loader(shown.samples, options);
  while (const auto batch = loader.next()) {
    throw_if_stopped();
    const auto found =
        maps.explain(batch->images.narrow(0, 0, batch->count),
                     torch::full({batch->count}, -1, torch::kInt64), MapMethod::kGradCam);
    for (std::int64_t row = 0; row < batch->count; ++row) {
      const std::int64_t position = batch->samples[static_cast<std::size_t>(row)];
      try {
        const auto image = seen_image(shown.samples[static_cast<std::size_t>(position)],
                                      shown.preprocessing, kThumbnailSide);
        extras.overlays[position] = thumbnail_of(heat_overlay(image, found.maps[row]));
      } catch (const DataError&) {  // gone since it was evaluated; the report says so
      }
    }
  }
}

FeatureSet set_of(const torch::Tensor& features) {
  FeatureSet set;
  auto table = FeatureTable::in_memory(features.size(0), RowFormat(features.size(1)));
  table.write(0, features);
  set.views.push_back(std::move(table));
  set.labels = torch::zeros({features.size(0)}, torch::kInt64);
  return set;
}

void add_nearest(const ShownSplit& shown, const Positions& positions,
                 const Explanation& explanation, ReportExtras& extras) {
  const Positions rows = spread_rows(explanation.train_truth, kMostTrainImagesOfReport);
  if (rows.empty()) return;
  const FeatureSource source = explanation.features();
  const torch::Tensor asked = source.others(positions);
  const torch::Tensor train = source.train(rows);
  if (asked.size(0) != static_cast<std::int64_t>(positions.size()) ||
      train.size(0) != static_cast<std::int64_t>(rows.size())) {
    note("the report names no similar training images: some images cannot be read any more");
    return;
  }
  const FeatureSet set = set_of(train);
  const auto found = NearestImages(set).find(asked, kNeighboursOfImage);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    for (std::int64_t k = 0; k < found.rows.size(1); ++k) {
      const auto candidate = static_cast<std::size_t>(found.rows[row][k].item<std::int64_t>());
      const Sample& sample = explanation.train[static_cast<std::size_t>(rows[candidate])];
      extras.nearest[positions[i]].push_back(
          {sample, target_text(sample, shown.classes, shown.objective.targets()),
           found.similarities[row][k].item<double>()});
    }
  }
}

/// What a stopped program throws goes on; anything else costs this part of the report alone.
void add_or_say(const char* part, const std::function<void()>& add) {
  try {
    add();
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    note("the report has no {}: {}", part, cause_of(error.what()));
  }
}

}  // namespace

void explain_report_images(const ShownSplit& shown, const Explanation& explanation,
                           ReportExtras& extras) {
  const torch::NoGradGuard no_gradients;
  const Positions positions = positions_to_explain(shown);
  if (positions.empty()) return;
  if (explanation.maps) {
    add_or_say("maps of where predictions come from",
               [&] { add_overlays(shown, positions, explanation.maps(), extras); });
  }
  if (!explanation.features) return;
  add_or_say("similar training images",
             [&] { add_nearest(shown, positions, explanation, extras); });
}

}  // namespace transfer
