#include <gmock/gmock.h>

#include <map>
#include <set>

#include "datasets/dataset.h"
#include "datasets/split.h"
#include "tests/datasets/image_folders.h"

namespace transfer {
namespace {

std::vector<Sample> samples_of(const std::map<std::int64_t, int>& sizes) {
  std::vector<Sample> samples;
  for (const auto& [label, size] : sizes) {
    for (int i = 0; i < size; ++i) {
      samples.push_back({std::to_string(label) + "/" + std::to_string(i), label});
    }
  }
  return samples;
}

TEST(Folds, EveryImageIsLeftOutOnceAndClassesAreDealtOutEvenly) {
  const std::map<std::int64_t, int> sizes = {{0, 23}, {1, 11}, {2, 4}};
  const auto samples = samples_of(sizes);
  std::set<std::string> left_out;
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const auto [rest, part] = stratified_fold(samples, 5, fold, 7);
    EXPECT_EQ(rest.size() + part.size(), samples.size());
    EXPECT_NEAR(static_cast<double>(part.size()), 38 / 5.0, 0.6);
    std::map<std::int64_t, int> counts;
    for (const Sample& sample : part) {
      ++counts[sample.label];
      EXPECT_TRUE(left_out.insert(sample.path).second) << sample.path;
    }
    for (const auto& [label, size] : sizes) EXPECT_NEAR(counts[label], size / 5.0, 0.99) << label;
  }
  EXPECT_EQ(left_out.size(), samples.size());
}

TEST(Folds, TheSeedDecidesTheDivision) {
  const auto samples = samples_of({{0, 30}, {1, 30}});
  const auto paths = [&](std::uint64_t seed) {
    std::vector<std::string> result;
    for (const Sample& sample : stratified_fold(samples, 3, 1, seed).second) {
      result.push_back(sample.path);
    }
    return result;
  };
  EXPECT_EQ(paths(1), paths(1));
  EXPECT_NE(paths(1), paths(2));
}

TEST(Folds, ValidationImagesTakePartAndTestImagesDoNot) {
  TemporaryFolder folder;
  for (const std::string name : {"a", "b"}) {
    add_class(folder, "data/train/" + name, 4);
    add_class(folder, "data/val/" + name, 2);
    add_class(folder, "data/test/" + name, 3);
  }
  DataConfig config;
  config.path = folder / "data";
  config.folds = 3;
  std::set<std::string> left_out;
  for (config.fold = 1; config.fold <= 3; ++config.fold) {
    const Dataset dataset = open_dataset(config, 1);
    EXPECT_EQ(dataset.train.size(), 8U);
    EXPECT_EQ(dataset.test.size(), 6U);
    for (const Sample& sample : dataset.val) left_out.insert(sample.path);
  }
  EXPECT_EQ(left_out.size(), 12U);
}

TEST(Folds, AClassOfOneImageIsRefused) {
  TemporaryFolder folder;
  add_class(folder, "data/a", 4);
  add_class(folder, "data/b", 1);
  DataConfig config;
  config.path = folder / "data";
  config.folds = 2;
  try {
    open_dataset(config, 1);
    FAIL() << "accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("class 'b' has a single image"));
  }
}

}  // namespace
}  // namespace transfer
