#include "app/features/nearest_images.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace transfer {
namespace {

/// Random features of `rows` images, of which those in `broken` cannot be read.
FeatureSet random_set(std::int64_t rows, std::int64_t dimension,
                      const std::vector<std::int64_t>& broken = {}) {
  torch::manual_seed(rows);
  FeatureSet set;
  auto table = FeatureTable::in_memory(rows, RowFormat(dimension));
  table.write(0, torch::randn({rows, dimension}));
  set.labels = torch::zeros({rows}, torch::kInt64);
  for (const std::int64_t row : broken) {
    set.labels[row] = -1;
    table.clear_row(row);
  }
  set.views.push_back(std::move(table));
  return set;
}

TEST(NearestImages, AreThoseOfAllCosines) {
  // More rows than a block has.
  const auto set = random_set(20'000, 8);
  const auto rows = set.views.front().read(0, 20'000);
  const auto queries = torch::randn({5, 8}) * 100;
  const auto all = torch::nn::functional::cosine_similarity(
      queries.unsqueeze(1), rows.unsqueeze(0),
      torch::nn::functional::CosineSimilarityFuncOptions().dim(2));
  const auto [expected, positions] = all.topk(7, 1);
  const auto found = NearestImages(set).find(queries, 7);
  EXPECT_TRUE(torch::allclose(found.similarities, expected, 1e-5, 1e-5));
  EXPECT_TRUE(torch::equal(found.rows, positions));
}

TEST(NearestImages, BrokenImagesAreNeverFound) {
  const auto set = random_set(6, 4, {1, 4});
  const NearestImages nearest(set);
  EXPECT_EQ(nearest.size(), 4);
  const auto found = nearest.find(torch::randn({2, 4}), 10);
  ASSERT_EQ(found.rows.size(1), 4) << "as many as there are";
  EXPECT_FALSE(found.rows.eq(1).any().item<bool>());
  EXPECT_FALSE(found.rows.eq(4).any().item<bool>());
}

}  // namespace
}  // namespace transfer
