#include "app/features/nearest_images.h"

#include <torch/torch.h>

#include <algorithm>
#include <functional>

namespace transfer {
namespace {

/// Rows that are read and multiplied at once.
constexpr std::int64_t kRowsOfBlock = 1024;

/// Calls `take(first, rows)` for blocks of the table, one after the other.
void for_each_block(const FeatureTable& table,
                    const std::function<void(std::int64_t, const torch::Tensor&)>& take) {
  for (std::int64_t first = 0; first < table.rows(); first += kRowsOfBlock) {
    take(first, table.read(first, std::min(kRowsOfBlock, table.rows() - first)).flatten(1));
  }
}

}  // namespace

NearestImages::NearestImages(const FeatureSet& among)
    : among_(among), inverse_lengths_(torch::zeros({among.rows()})) {
  const torch::NoGradGuard no_gradients;
  const auto is_readable = among.labels.ge(0);
  for_each_block(among.views.front(), [&](std::int64_t first, const torch::Tensor& rows) {
    const auto count = rows.size(0);
    const auto inverse = rows.norm(2, 1).clamp_min(1e-12).reciprocal();
    inverse_lengths_.narrow(0, first, count).copy_(inverse * is_readable.narrow(0, first, count));
  });
  size_ = among.valid_rows();
}

NearestImages::Found NearestImages::find(const torch::Tensor& features, std::int64_t count) const {
  const torch::NoGradGuard no_gradients;
  const auto queries = torch::nn::functional::normalize(
      features.to(torch::kFloat), torch::nn::functional::NormalizeFuncOptions().dim(1));
  const std::int64_t k = std::min(count, size_);
  Found found{torch::empty({queries.size(0), 0}),
              torch::empty({queries.size(0), 0}, torch::kInt64)};
  for_each_block(among_.views.front(), [&](std::int64_t first, const torch::Tensor& rows) {
    const auto lengths = inverse_lengths_.narrow(0, first, rows.size(0));
    constexpr double kNever = -2;  // below every cosine
    const auto similarities = torch::where(lengths.gt(0), queries.matmul(rows.t()) * lengths,
                                           torch::tensor(kNever, torch::kFloat));
    const auto [best, columns] = similarities.topk(std::min(k, rows.size(0)), 1);
    const auto all = torch::cat({found.similarities, best}, 1);
    const auto positions = torch::cat({found.rows, columns + first}, 1);
    const auto [kept, places] = all.topk(std::min(k, all.size(1)), 1);
    found = {kept, positions.gather(1, places)};
  });
  return found;
}

}  // namespace transfer
