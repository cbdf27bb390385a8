#include "app/report/similar_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/report/drawing.h"
#include "app/report/image_sheet.h"
#include "app/report/prediction_format.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

/// What the model says of an image: "red 97.20 %", labels or numbers.
std::string prediction_in_words(const SimilarImages& images, std::size_t i,
                                const std::vector<std::string>& names, const Objective& objective) {
  const TargetKind kind = objective.targets();
  const std::vector<float>& numbers = images.predictions[i];
  if (kind == TargetKind::kLabels) return joined_labels(numbers, names, objective);
  if (kind != TargetKind::kClass) return target_text({"", 0, numbers}, names, kind);
  const auto best = std::max_element(numbers.begin(), numbers.end());
  return fmt::format("{} {:.2f} %", names[static_cast<std::size_t>(best - numbers.begin())],
                     100 * static_cast<double>(*best));
}

/// As `predict` has it.
void add_predicted(nlohmann::ordered_json& object, const SimilarImages& images, std::size_t i,
                   const ModelMetadata& metadata) {
  prediction_format(metadata.objective, metadata.classes, 1, {})
      ->add_json(object, {images.asked[i].path, images.predictions[i]});
  object.erase("top");
}

}  // namespace

std::string to_json(const SimilarImages& images, const ModelMetadata& metadata) {
  const TargetKind kind = metadata.objective.targets();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < images.asked.size(); ++i) {
    nlohmann::ordered_json similar = nlohmann::ordered_json::array();
    for (const SimilarImage& image : images.similar[i]) {
      similar.push_back({{"path", image.sample.path},
                         {"truth", target_text(image.sample, metadata.classes, kind)},
                         {"similarity", image.similarity},
                         {"same", image.is_same}});
    }
    nlohmann::ordered_json row = {{"path", images.asked[i].path}};
    add_predicted(row, images, i, metadata);
    row["neighbours"] = similar;
    rows.push_back(std::move(row));
  }
  return json_text(rows);
}

std::string to_text(const SimilarImages& images, const ModelMetadata& metadata) {
  std::string text;
  const TargetKind kind = metadata.objective.targets();
  for (std::size_t i = 0; i < images.asked.size(); ++i) {
    text +=
        fmt::format("{}: predicted {}\n", visible(images.asked[i].path),
                    visible(prediction_in_words(images, i, metadata.classes, metadata.objective)));
    for (const SimilarImage& image : images.similar[i]) {
      text += fmt::format("  {:.4f}  {}  {}{}\n", image.similarity,
                          visible(target_text(image.sample, metadata.classes, kind)),
                          visible(image.sample.path), image.is_same ? "  (the same image)" : "");
    }
  }
  return text;
}

void write_similar_images(const SimilarImages& images, const ModelMetadata& metadata,
                          const std::string& title, const std::filesystem::path& file) {
  constexpr std::size_t kMostRows = 50;
  const TargetKind kind = metadata.objective.targets();
  const auto names = drawing::drawable_names(metadata.classes);
  const auto name_of_file = [](const Sample& sample) {
    return drawing::ascii_text(std::filesystem::path(sample.path).filename().string());
  };
  std::vector<SheetImage> shown;
  const std::size_t rows = std::min(images.asked.size(), kMostRows);
  std::size_t columns = 1;
  for (std::size_t i = 0; i < rows; ++i) {
    columns = std::max(columns, 1 + images.similar[i].size());
    shown.push_back({images.asked[i],
                     name_of_file(images.asked[i]),
                     {"predicted " + prediction_in_words(images, i, names, metadata.objective),
                      "looks like:"}});
    for (const SimilarImage& image : images.similar[i]) {
      shown.push_back({image.sample,
                       name_of_file(image.sample),
                       {target_text(image.sample, names, kind),
                        image.is_same ? "the same image"
                                      : fmt::format("similarity {:.3f}", image.similarity)}});
    }
  }
  if (rows < images.asked.size()) {
    note("{}: shows the first {} of {} images; --json has all", file.string(), rows,
         images.asked.size());
  }
  write_image_sheet("the most similar " + title, shown, drawing::legend_of_numbers(names),
                    metadata.preprocessing, file, static_cast<int>(columns));
}

}  // namespace transfer
