#include "datasets/loader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "configs/fields.h"
#include "datasets/image_content.h"
#include "tests/datasets/encoded_images.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

Preprocessing small() {
  Preprocessing p;
  p.height = p.width = 16;
  p.resize = 20;
  return p;
}

LoaderOptions options_with(std::int64_t workers) {
  LoaderOptions options;
  options.preprocessing = small();
  options.batch_size = 4;
  options.workers = workers;
  options.queue_batches = 2;
  return options;
}

std::vector<Sample> make_samples(const TemporaryFolder& folder, int count) {
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("p{}.png", i);
    samples.push_back({folder.write(name, encode(gradient(30 + i, 24, i), ".png")), i % 3});
  }
  return samples;
}

std::vector<Batch> read_all(const std::vector<Sample>& samples, const LoaderOptions& options) {
  Loader loader(samples, options);
  std::vector<Batch> batches;
  while (auto batch = loader.next()) batches.push_back(std::move(*batch));
  EXPECT_FALSE(loader.next().has_value());
  return batches;
}

void expect_same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, b[i].first);
    EXPECT_EQ(a[i].count, b[i].count);
    EXPECT_TRUE(torch::equal(a[i].images, b[i].images)) << i;
    EXPECT_TRUE(torch::equal(a[i].labels, b[i].labels)) << i;
  }
}

TEST(Loader, BatchesAreInOrderFullSizeAndPadded) {
  TemporaryFolder folder;
  const auto batches = read_all(make_samples(folder, 10), options_with(3));
  ASSERT_EQ(batches.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batches[i].first, static_cast<std::int64_t>(4 * i));
    EXPECT_EQ(batches[i].images.sizes(), (std::vector<std::int64_t>{4, 3, 16, 16}));
    EXPECT_TRUE(batches[i].images.is_contiguous(torch::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(batches[i].broken.empty());
  }
  EXPECT_EQ(batches[2].count, 2);
  EXPECT_TRUE(torch::equal(batches[0].labels, torch::tensor({0, 1, 2, 0}, torch::kInt64)));
  EXPECT_TRUE(torch::equal(batches[2].labels, torch::tensor({2, 0, -1, -1}, torch::kInt64)));
  EXPECT_EQ(batches[2].images.narrow(0, 2, 2).abs().max().item<float>(), 0);
}

TEST(Loader, WorkersDoNotChangeTheBatches) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 23);
  LoaderOptions one = options_with(1);
  LoaderOptions four = options_with(4);
  expect_same(read_all(samples, one), read_all(samples, four));
  one.augment = four.augment = AugmentConfig();
  one.augment->rotate = four.augment->rotate = 1;
  one.augment->brightness = four.augment->brightness = 1;
  expect_same(read_all(samples, one), read_all(samples, four));
}

TEST(Loader, AugmentationFollowsSeedAndEpoch) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 4);
  LoaderOptions options = options_with(2);
  options.augment = AugmentConfig();
  options.augment->crop = 1;
  const auto first = read_all(samples, options);
  expect_same(first, read_all(samples, options));
  options.epoch = 1;
  const auto epoch = read_all(samples, options);
  EXPECT_FALSE(torch::equal(first[0].images, epoch[0].images));
  options.epoch = 0;
  options.seed = 1;
  EXPECT_FALSE(torch::equal(first[0].images, read_all(samples, options)[0].images));
}

TEST(Loader, AnOrderAndBatchesOfUnequalLengthAreKept) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 5);
  LoaderOptions options = options_with(3);
  options.order = {4, 0, 3, 1, 2};
  options.batches = batch_bounds(5, 2);
  options.augment = augment_preset(AugmentPreset::kStrong);
  const auto batches = read_all(samples, options);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].samples, (std::vector<std::int64_t>{4, 0}));
  EXPECT_EQ(batches[1].samples, (std::vector<std::int64_t>{3, 1, 2}));
  EXPECT_EQ(batches[1].images.size(0), 3) << "a last batch of one joins the one before";
  EXPECT_TRUE(torch::equal(batches[1].labels, torch::tensor({0, 1, 2}, torch::kInt64)));

  // An image's augmentation depends on which image it is, not on when it comes.
  options.order = {};
  options.batches = {};
  options.batch_size = 5;
  const auto in_order = read_all(samples, options);
  EXPECT_TRUE(torch::equal(batches[0].images[0], in_order[0].images[4]));

  // Training goes on in the middle of an epoch.
  options.order = {4, 0, 3, 1, 2};
  options.batches = {{2, 3}};
  expect_same(read_all(samples, options), {batches[1]});
}

TEST(Loader, BrokenImagesAreZeroRowsWithAReason) {
  TemporaryFolder folder;
  auto samples = make_samples(folder, 4);
  folder.write("p1.png", "");
  samples[3].path = folder / "missing.png";
  const auto batches = read_all(samples, options_with(4));
  ASSERT_EQ(batches.size(), 1U);
  const Batch& batch = batches[0];
  ASSERT_EQ(batch.broken.size(), 2U);
  EXPECT_EQ(batch.broken[0].sample, 1);
  expect_contains(batch.broken[0].reason, {"p1.png", "0 bytes"});
  EXPECT_EQ(batch.broken[1].sample, 3);
  expect_contains(batch.broken[1].reason, {"missing.png"});
  EXPECT_TRUE(torch::equal(batch.labels, torch::tensor({0, -1, 2, -1}, torch::kInt64)));
  EXPECT_EQ(batch.images[1].abs().max().item<float>(), 0);
}

TEST(Loader, SeveralReadersShareTheBatches) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 40);
  LoaderOptions options = options_with(3);
  options.batch_size = 1;
  Loader loader(samples, options);
  EXPECT_EQ(loader.batch_count(), 40);
  std::array<std::atomic<int>, 40> seen{};
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (auto batch = loader.next()) ++seen[static_cast<std::size_t>(batch->first)];
    });
  }
  for (auto& reader : readers) reader.join();
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST(Loader, ReadsOnlySoFarAhead) {
  TemporaryFolder folder;
  auto samples = make_samples(folder, 24);
  Loader loader(samples, options_with(4));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // With two batches of four ahead, images from the ninth on are still untouched.
  for (std::size_t i = 8; i < samples.size(); ++i) std::filesystem::remove(samples[i].path);
  std::size_t broken = 0;
  while (auto batch = loader.next()) broken += batch->broken.size();
  EXPECT_EQ(broken, 16U);
}

TEST(Loader, EarlyDestructionAndNoSamples) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 20);
  for (int i = 0; i < 20; ++i) {
    Loader loader(samples, options_with(4));
    if (i % 2 == 0) loader.next();
  }
  EXPECT_TRUE(read_all({}, options_with(2)).empty());
}

TEST(Loader, AFailureThatIsNoBrokenImageReachesTheReaderWithTheName) {
  TemporaryFolder folder;
  LoaderOptions options = options_with(2);
  // A crop larger than the resized image makes OpenCV throw inside a worker.
  options.preprocessing.height = options.preprocessing.width = 64;
  Loader loader(make_samples(folder, 8), options);
  expect_contains(message_of<std::runtime_error>([&] {
                    while (loader.next()) {
                    }
                  }),
                  {".png"});
}

TEST(Loader, SizesBelowOneAreRefused) {
  LoaderOptions options = options_with(1);
  options.batch_size = 0;
  EXPECT_THROW(Loader({}, options), std::invalid_argument);
  options = options_with(1);
  options.queue_batches = 0;
  EXPECT_THROW(Loader({}, options), std::invalid_argument);
}

TEST(Loader, MemoryThatIsNotThereReachesTheReader) {
  TemporaryFolder folder;
  LoaderOptions options = options_with(2);
  options.batch_size = std::int64_t{1} << 50;
  Loader loader(make_samples(folder, 2), options);
  EXPECT_THROW(loader.next(), std::exception);
}

TEST(Loader, MemoryIsPinnedOnlyWhereAskedFor) {
  TemporaryFolder folder;
  auto samples = make_samples(folder, 2);
  for (Sample& sample : samples) sample.targets = {1, 2};
  LoaderOptions options = options_with(2);
  const auto expect_pinned = [&](bool pinned) {
    const auto batch = read_all(samples, options).front();
    for (const auto& tensor : {batch.images, batch.labels, batch.targets}) {
      EXPECT_EQ(tensor.is_pinned(), pinned);
    }
  };
  expect_pinned(false);
  options.pin_memory = true;
  if (torch::cuda::is_available()) {
    expect_pinned(true);
  } else {
    EXPECT_THROW(read_all(samples, options), std::exception) << "there is no such memory";
  }
}

TEST(Loader, AnImageThatIsNoLongerTheOneHashedIsBroken) {
  TemporaryFolder folder;
  const auto samples = make_samples(folder, 6);
  LoaderOptions options = options_with(2);
  for (const Sample& sample : samples) options.contents.push_back(content_hash(sample));
  for (const Batch& batch : read_all(samples, options)) EXPECT_TRUE(batch.broken.empty());
  folder.write("p3.png", encode(gradient(33, 24, 9), ".png"));
  const auto batches = read_all(samples, options);
  ASSERT_EQ(batches[0].broken.size(), 1U);
  EXPECT_EQ(batches[0].broken[0].sample, 3);
  expect_contains(batches[0].broken[0].reason, {"p3.png", "was replaced"});
  EXPECT_EQ(batches[0].labels[3].item<std::int64_t>(), -1);
  EXPECT_TRUE(batches[1].broken.empty());
}

}  // namespace
}  // namespace transfer
