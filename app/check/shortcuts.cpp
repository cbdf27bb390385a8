#include "app/check/shortcuts.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "app/training/fold_heads.h"
#include "datasets/group_split.h"

namespace transfer {
namespace {

constexpr std::int64_t kShortcutFolds = 5;
constexpr std::size_t kFewestForShortcuts = 40;

using Numbers = std::vector<float>;

/// The images that can be read.
struct ScannedClasses {
  std::vector<const ImageScan*> scans;
  std::vector<Sample> samples;
  std::vector<std::int64_t> labels;
};

ScannedClasses readable_images(const ListedData& data, const std::vector<ImageScan>& scans) {
  ScannedClasses images;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    if (!scans[i].is_readable()) continue;
    images.scans.push_back(&scans[i]);
    images.samples.push_back(data.samples[i]);
    images.labels.push_back(data.samples[i].label);
  }
  return images;
}

/// One column for each of the most frequent texts: 1 where an image has it. Empty where all images
/// have the same.
torch::Tensor columns_of_texts(const std::vector<const ImageScan*>& scans,
                               const std::function<std::string(const ImageScan&)>& text_of) {
  constexpr std::size_t kMostTexts = 20;
  std::map<std::string, std::int64_t> counts;
  for (const ImageScan* scan : scans) ++counts[text_of(*scan)];
  if (counts.size() < 2) return {};
  std::vector<std::pair<std::int64_t, std::string>> frequent;
  for (const auto& [text, count] : counts) frequent.emplace_back(-count, text);
  std::sort(frequent.begin(), frequent.end());
  if (frequent.size() > kMostTexts) frequent.resize(kMostTexts);
  std::map<std::string, std::int64_t> column_of;
  for (const auto& [count, text] : frequent) {
    column_of.emplace(text, static_cast<std::int64_t>(column_of.size()));
  }
  auto columns = torch::zeros(
      {static_cast<std::int64_t>(scans.size()), static_cast<std::int64_t>(column_of.size())});
  for (std::size_t i = 0; i < scans.size(); ++i) {
    const auto found = column_of.find(text_of(*scans[i]));
    if (found != column_of.end()) columns[static_cast<std::int64_t>(i)][found->second] = 1;
  }
  return columns;
}

/// The numbers of each image, their squares and products, each of mean 0 and deviation 1. Empty
/// where nothing varies.
torch::Tensor columns_of_numbers(const std::vector<const ImageScan*>& scans,
                                 const std::function<Numbers(const ImageScan&)>& numbers_of) {
  std::vector<torch::Tensor> rows;
  for (const ImageScan* scan : scans) rows.push_back(torch::tensor(numbers_of(*scan)));
  const auto scaled = [](const torch::Tensor& columns) {
    return (columns - columns.mean(0)) / columns.std(0, /*unbiased=*/false).clamp_min(1e-6);
  };
  const auto numbers = torch::stack(rows);
  if (numbers.std(0, /*unbiased=*/false).max().item<double>() < 1e-6) return {};
  const auto first = scaled(numbers);
  std::vector<torch::Tensor> columns = {first};
  for (std::int64_t c = 0; c < first.size(1); ++c) {
    columns.push_back(scaled(first.narrow(1, c, first.size(1) - c) * first.narrow(1, c, 1)));
  }
  return torch::cat(columns, 1);
}

/// The mean of the classes' own accuracies, over the classes that have images.
double balanced_accuracy(const torch::Tensor& outputs, const torch::Tensor& labels,
                         std::int64_t classes) {
  const auto right = outputs.argmax(1).eq(labels).to(torch::kFloat64);
  const auto counts = torch::bincount(labels, {}, classes).to(torch::kFloat64);
  const auto hits = torch::bincount(labels, right, classes);
  return (hits / counts.clamp_min(1)).sum().item<double>() / counts.gt(0).sum().item<double>();
}

double accuracy_by(const torch::Tensor& columns, const ScannedClasses& images,
                   std::int64_t classes) {
  constexpr double kDecay = 1e-3;
  const auto labels = torch::tensor(images.labels, torch::kInt64);
  const auto folds = deal_groups(images.samples, kShortcutFolds, 0);
  const FoldedImages folded{columns, Truth{labels}, torch::tensor(folds, torch::kInt64),
                            kShortcutFolds};
  Loss loss;
  loss.class_weights = balanced_class_weights(labels, classes);
  FoldHeads heads(loss, folded, classes);
  return balanced_accuracy(heads.fit(kDecay), labels, classes);
}

Numbers size_numbers(const ImageScan& scan) {
  const auto width = static_cast<float>(scan.width);
  const auto height = static_cast<float>(scan.height);
  return {std::log(width), std::log(height), std::abs(std::log(width / height))};
}

Numbers colour_numbers(const ImageScan& scan) {
  return {static_cast<float>(scan.colour[0]), static_cast<float>(scan.colour[1]),
          static_cast<float>(scan.colour[2])};
}

/// Sizes that many images have, and how large the others are.
torch::Tensor columns_of_sizes(const std::vector<const ImageScan*>& scans) {
  const auto exact = columns_of_texts(scans, [](const ImageScan& scan) {
    return std::to_string(scan.width) + "x" + std::to_string(scan.height);
  });
  const auto numbers = columns_of_numbers(scans, size_numbers);
  if (!exact.defined()) return {};
  return numbers.defined() ? torch::cat({exact, numbers}, 1) : exact;
}

}  // namespace

std::vector<Shortcut> find_shortcuts(const ListedData& data, const std::vector<ImageScan>& scans) {
  const torch::NoGradGuard no_gradients;
  const ScannedClasses images = readable_images(data, scans);
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  const std::set<std::int64_t> present(images.labels.begin(), images.labels.end());
  if (images.scans.size() < kFewestForShortcuts || present.size() < 2) return {};
  const std::vector<std::pair<std::string, torch::Tensor>> candidates = {
      {"camera", columns_of_texts(images.scans, [](const auto& scan) { return scan.camera; })},
      {"size", columns_of_sizes(images.scans)},
      {"format", columns_of_texts(images.scans, [](const auto& scan) { return scan.format; })},
      {"colour", columns_of_numbers(images.scans, colour_numbers)}};
  std::vector<Shortcut> shortcuts;
  for (const auto& [name, columns] : candidates) {
    if (!columns.defined()) continue;
    shortcuts.push_back(
        {name, accuracy_by(columns, images, classes), 1.0 / static_cast<double>(present.size())});
  }
  return shortcuts;
}

}  // namespace transfer
