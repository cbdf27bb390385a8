#include "app/training/conformal.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace transfer {
namespace {

double rounded_upwards(double score) {
  constexpr double kHalfADigit = 1 + 5e-7;
  return std::min(std::stod(fmt::format("{:.6e}", score * kHalfADigit)), 1.0);
}

}  // namespace

torch::Tensor class_scores(const torch::Tensor& logits) {
  return 1 - logits.detach().to(torch::kCPU, torch::kFloat64).softmax(1);
}

ConformalScores conformal_scores(const torch::Tensor& logits, const torch::Tensor& labels) {
  ConformalScores result;
  result.images = labels.size(0);
  if (result.images == 0) return result;
  constexpr std::int64_t kBlock = 4096;  // so that memory does not grow with images times classes
  const auto truth = labels.to(torch::kCPU).unsqueeze(1);
  std::vector<torch::Tensor> of_truth;
  for (std::int64_t first = 0; first < result.images; first += kBlock) {
    const std::int64_t count = std::min(kBlock, result.images - first);
    const auto scores = class_scores(logits.narrow(0, first, count));
    of_truth.push_back(scores.gather(1, truth.narrow(0, first, count)).squeeze(1));
  }
  const auto sorted = std::get<0>(torch::cat(of_truth).sort()).contiguous();
  const auto* const score = sorted.const_data_ptr<double>();
  const auto kept =
      std::min(result.images, static_cast<std::int64_t>(ConformalScores::kMostScores));
  for (std::int64_t i = 1; i <= kept; ++i) {
    const std::int64_t rank = (i * result.images + kept - 1) / kept;
    result.scores.push_back(rounded_upwards(score[rank - 1]));
  }
  return result;
}

std::vector<std::vector<std::size_t>> conformal_sets(const torch::Tensor& class_scores,
                                                     double largest_score) {
  const auto [sorted, order] = class_scores.sort(std::optional<bool>(true), 1, /*descending=*/false);
  const auto sizes = sorted.le(largest_score).sum(1).contiguous();
  const auto classes = order.contiguous();
  std::vector<std::vector<std::size_t>> sets;
  for (std::int64_t i = 0; i < classes.size(0); ++i) {
    const auto* const first = classes.const_data_ptr<std::int64_t>() + i * classes.size(1);
    sets.emplace_back(first, first + sizes.const_data_ptr<std::int64_t>()[i]);
  }
  return sets;
}

}  // namespace transfer
