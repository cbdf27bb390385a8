#include "app/features/feature_segment.h"

#include <gmock/gmock.h>

#include "app/features/feature_table.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kKeysCrc = 17;

TEST(FeatureSegment, FileAndMemoryHoldTheSame) {
  const TemporaryFolder folder;
  const auto features = torch::randn({10, 2, 3});
  for (const auto type : {torch::kFloat32, torch::kFloat16}) {
    const RowFormat format({2, 3}, type);
    auto memory = FeatureTable::in_memory(10, format);
    memory.write(0, features);
    const std::string file = folder / ("a" + std::to_string(static_cast<int>(type)));
    FeatureSegmentWriter writer(file, 10, format);
    auto table = FeatureTable::written_by(writer, 10, format);
    table.write(4, features.narrow(0, 4, 6));
    table.write(0, features.narrow(0, 0, 4));
    EXPECT_FALSE(fs::exists(file));
    writer.finish(kKeysCrc);
    const auto segment = std::make_shared<const FeatureSegment>(file, 10, kKeysCrc, format);
    std::vector<FeatureTable::Place> places;
    for (std::int64_t row = 0; row < 10; ++row) places.push_back({segment, row});
    const auto stored = FeatureTable::of_places(places, format);
    EXPECT_TRUE(torch::equal(stored.read(0, 10), memory.read(0, 10)));
    EXPECT_TRUE(torch::equal(stored.gather({7, 2}), memory.gather({7, 2})));
    EXPECT_TRUE(torch::equal(stored.copy_in_memory().read(2, 5), memory.read(2, 5)));
  }
}

TEST(FeatureSegment, HoldsTheRowsThatWereWritten) {
  const TemporaryFolder folder;
  FeatureSegmentWriter writer(folder / "a", 6, 2);
  auto table = FeatureTable::written_by(writer, 6, 2);
  for (const std::int64_t row : {1, 3, 5}) {
    table.write(row, torch::full({1, 2}, row == 3 ? 0.0 : static_cast<double>(row)));
  }
  ASSERT_EQ(writer.stored_rows(), (std::vector<std::int64_t>{1, 5}));
  writer.finish(kKeysCrc);
  EXPECT_EQ(fs::file_size(folder / "a"), 2 * 8 + 3 * 4);
  const FeatureSegment segment(folder / "a", 2, kKeysCrc, 2);
  float row[2];
  segment.read(1, reinterpret_cast<char*>(row));
  EXPECT_EQ(row[1], 5.0F);
  const FeatureSegment of_other_keys(folder / "a", 2, kKeysCrc + 1, 2);
  EXPECT_THROW(of_other_keys.read(1, reinterpret_cast<char*>(row)), DamagedFeatures);
}

TEST(FeatureSegment, AWriterThatDoesNotFinishLeavesNothing) {
  const TemporaryFolder folder;
  { const FeatureSegmentWriter writer(folder / "a", 6, 2); }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace transfer
