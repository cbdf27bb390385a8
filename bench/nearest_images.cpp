// The exact search for similar images: seconds for a batch of queries among random features.
//
// Usage: build/nearest_images [IMAGES] [FEATURES] [QUERIES] [THREADS]

#include "app/features/nearest_images.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <string>

#include "core/stopwatch.h"

int main(int count, char** arguments) {
  const auto argument = [&](int position, std::int64_t otherwise) {
    return position < count ? std::stoll(arguments[position]) : otherwise;
  };
  const std::int64_t images = argument(1, 100'000);
  const std::int64_t features = argument(2, 1280);
  const std::int64_t queries = argument(3, 32);
  at::set_num_threads(static_cast<int>(argument(4, 2)));
  torch::manual_seed(0);
  transfer::FeatureSet set;
  auto table = transfer::FeatureTable::in_memory(images, transfer::RowFormat(features));
  table.write(0, torch::rand({images, features}));
  set.views.push_back(std::move(table));
  set.labels = torch::zeros({images}, torch::kInt64);
  const transfer::Stopwatch building;
  const transfer::NearestImages nearest(set);
  fmt::print("lengths of {} x {}: {:.3f} s\n", images, features, building.seconds());
  const auto asked = torch::rand({queries, features});
  for (int round = 0; round < 5; ++round) {
    const transfer::Stopwatch clock;
    nearest.find(asked, 6);
    fmt::print("{} queries: {:.3f} s\n", queries, clock.seconds());
  }
}
