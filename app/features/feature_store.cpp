#include "app/features/feature_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>

#include "app/compute/arithmetic.h"
#include "app/compute/container_limits.h"
#include "app/features/broken_images.h"
#include "app/features/cache_folder.h"
#include "app/features/feature_archive.h"
#include "app/features/image_contents.h"
#include "app/features/image_pass.h"
#include "configs/fields.h"
#include "core/count_text.h"
#include "core/file_trust.h"
#include "core/hash.h"
#include "core/messages.h"
#include "core/stopwatch.h"
#include "datasets/decode.h"

namespace transfer {
namespace {

/// Raised whenever files of features are written in another way than before.
constexpr int kFileVersion = 2;

/// Bytes of features that may be held in memory.
std::int64_t memory_limit(const CacheConfig& cache) {
  const auto megabytes =
      cache.memory_mb ? *cache.memory_mb : default_cache_memory_mb(read_container_limits());
  return megabytes << 20;
}

/// What the settings make of a single augmented image, as text, for cache keys.
std::string augment_key(const Config& config) {
  Config of_images;
  copy_settings(config, of_images,
                [](const Field& field) { return field.effect == Effect::kImage; });
  return to_yaml(of_images);
}

std::int64_t set_size(const std::vector<Sample>& samples) {
  return static_cast<std::int64_t>(samples.size());
}

std::vector<std::int64_t> all_positions(const std::vector<Sample>& samples) {
  std::vector<std::int64_t> positions(samples.size());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

}  // namespace

std::int64_t FeatureSet::valid_rows() const { return labels.ge(0).sum().item<std::int64_t>(); }

FeatureSet with_columns(FeatureSet set, const torch::Tensor& columns) {
  for (FeatureTable& view : set.views) {
    view = FeatureTable::of_columns(std::move(view), columns);
  }
  return set;
}

StoredLayers stored_layers(const FrozenTrunk& trunk) {
  std::vector<std::string> names;
  for (const FeatureBlock& block : trunk.blocks()) names.push_back(block_name(block));
  return {fmt::format("{}", fmt::join(names, " ")), trunk.engine(),
          RowFormat(trunk.dimension()),
          [&trunk](const torch::Tensor& images) { return trunk.features(images); }};
}

FeatureStore::FeatureStore(const Backbone& backbone, const FrozenTrunk& trunk, const Config& config,
                           std::filesystem::path folder, torch::Device device, std::int64_t threads)
    : FeatureStore(backbone, stored_layers(trunk), config, std::move(folder), device, threads) {}

FeatureStore::FeatureStore(const Backbone& backbone, StoredLayers layers, const Config& config,
                           std::filesystem::path folder, torch::Device device, std::int64_t threads)
    : backbone_(backbone),
      layers_(std::move(layers)),
      config_(config),
      folder_(std::move(folder)),
      device_(device),
      threads_(threads),
      memory_limit_(memory_limit(config.cache)) {}

LoaderOptions FeatureStore::loader_options(std::int64_t view) const {
  LoaderOptions options;
  options.preprocessing = backbone_.metadata().preprocessing;
  options.batch_size = store_batch(device_);
  options.workers = config_.data.workers > 0 ? config_.data.workers : threads_;
  if (view > 0) options.augment = config_.augment;
  options.seed = static_cast<std::uint64_t>(config_.seed);
  options.epoch = static_cast<std::uint64_t>(view);
  return options;
}

std::filesystem::path FeatureStore::archive_folder() const {
  const std::string key =
      fmt::format("files {} decoder {}\n{}\n{}\n{}\n{} {}\n{} {}\n", kFileVersion, kDecoderVersion,
                  backbone_.fingerprint(), layers_.key, to_key(backbone_.metadata().preprocessing),
                  fmt::join(layers_.format.shape, " "), c10::toString(layers_.format.type),
                  arithmetic_name(device_, config_.compute), layers_.engine);
  return folder_ / sha256_hex(key).substr(0, 32);
}

std::vector<std::string> FeatureStore::row_keys(const std::vector<std::string>& contents,
                                                std::int64_t view) const {
  if (view == 0) return contents;
  const std::string augmentation = augment_key(config_);
  std::vector<std::string> keys(contents.size());
  for (std::size_t i = 0; i < contents.size(); ++i) {
    if (contents[i].empty()) continue;
    // An image's augmentation depends on its position in the list.
    keys[i] = sha256_hex(fmt::format("{}\n{}\nseed {} view {} position {}\n", contents[i],
                                     augmentation, config_.seed, view, i));
  }
  return keys;
}

void FeatureStore::reuse(const FeatureSet& known) {
  known_ = &known;
  known_rows_.clear();
  for (std::size_t i = 0; i < known.samples.size(); ++i) {
    known_rows_[known.samples[i].path] = static_cast<std::int64_t>(i);
  }
}

std::vector<std::int64_t> FeatureStore::take_known(const Part& part, FeatureTable& table,
                                                   std::vector<BrokenImage>& broken) const {
  std::map<std::int64_t, std::string> known_broken;
  if (known_ != nullptr) {
    for (const BrokenImage& image : known_->broken) {
      known_broken[image.sample] = image.reason;
    }
  }
  std::vector<std::int64_t> unknown;
  for (std::size_t i = 0; i < part.positions.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const std::int64_t sample = part.positions[i];
    const auto found = known_rows_.find(part.samples[static_cast<std::size_t>(sample)].path);
    if (found == known_rows_.end() || !is_same_content(part, sample, found->second)) {
      unknown.push_back(row);
      continue;
    }
    const auto reason = known_broken.find(found->second);
    if (reason != known_broken.end()) {
      broken.push_back({sample, reason->second});
    } else {
      table.write(row, known_->views.front().read(found->second, 1));
    }
  }
  return unknown;
}

bool FeatureStore::is_same_content(const Part& part, std::int64_t sample,
                                   std::int64_t known_row) const {
  if (part.contents.empty()) return true;  // the row is not kept under a hash
  const auto row = static_cast<std::size_t>(known_row);
  return row < known_->contents.size() &&
         known_->contents[row] == part.contents[static_cast<std::size_t>(sample)];
}

std::vector<BrokenImage> FeatureStore::compute(const Part& part, FeatureTable& table) {
  std::vector<BrokenImage> broken;
  std::vector<std::int64_t> rows(part.positions.size());
  std::iota(rows.begin(), rows.end(), 0);
  if (part.view == 0 && known_ != nullptr) {
    rows = take_known(part, table, broken);
  }
  if (rows.empty()) return broken;
  ImagePass pass{part.samples, loader_options(part.view), device_, threads_, part.title};
  pass.loader.contents = part.contents;  // what is decoded is what was hashed
  pass.progress = part.progress;
  pass.uses_one_thread_per_stream = true;
  for (const std::int64_t row : rows) {
    pass.loader.order.push_back(part.positions[static_cast<std::size_t>(row)]);
  }
  std::atomic<double> seconds = 0;
  const auto found_broken = run_over_images(
      pass,
      [&](const torch::Tensor& images) {
        const Stopwatch wall;
        const ThreadStopwatch thread;
        auto features = layers_.forward(images).to(torch::kCPU);  // waits for a GPU
        seconds += device_.is_cpu() ? thread.seconds() : wall.seconds();
        return features;
      },
      [&](const Batch& batch, const torch::Tensor& features) {
        for (std::int64_t i = 0; i < batch.count; ++i) {
          const std::int64_t sample = batch.samples[static_cast<std::size_t>(i)];
          if (is_broken(batch, sample)) continue;  // its row stays unwritten
          table.write(rows[static_cast<std::size_t>(batch.first + i)], features.narrow(0, i, 1));
        }
      });
  broken.insert(broken.end(), found_broken.begin(), found_broken.end());
  forward_seconds_ += seconds;
  computed_ += static_cast<std::int64_t>(rows.size());
  return broken;
}

void FeatureStore::begin_use() const {
  remove_leftovers(folder_);
  const auto owner = foreign_owner(folder_);
  if (!owner || !config_.cache.dir.empty()) return;
  warn(
      "{}: belongs to the user {}, whose features are used as if they were your own. Name a folder "
      "of your own by cache.dir, or this one to say that you rely on it.",
      folder_.string(), *owner);
}

FeatureTable FeatureStore::archived(const Part& part, std::vector<BrokenImage>& broken) {
  const auto count = static_cast<std::int64_t>(part.samples.size());
  const auto folder = archive_folder();
  FeatureArchive archive(folder, layers_.format);
  if (!has_swept_) begin_use();
  has_swept_ = true;
  describe_archive(folder, backbone_.metadata().name, layers_.key);
  const auto keys = row_keys(part.contents, part.view);
  const std::int64_t missing = archive.missing(keys);
  if (missing < count) {
    const auto found = static_cast<std::size_t>(count - missing);
    note("{}: features of {} read from {}", part.title, count_text(found, "image"),
         folder.string());
  }
  const auto progress = begin_progress(part.title, missing, "images");
  auto table = archive.rows(
      keys,
      [&](const std::vector<std::int64_t>& positions, FeatureTable& portion) {
        Part missing_part = part;
        missing_part.positions = positions;
        missing_part.progress = progress.get();
        const auto found = compute(missing_part, portion);
        broken.insert(broken.end(), found.begin(), found.end());
      },
      [&part] { note("{}: waiting for features that another process is computing", part.title); });
  if (missing > 0) progress->finish();
  return table;
}

bool FeatureStore::fits_into_memory(const std::vector<Sample>& samples) {
  const std::int64_t bytes = static_cast<std::int64_t>(samples.size()) * layers_.format.bytes();
  if (memory_used_ + bytes > memory_limit_) return false;
  memory_used_ += bytes;
  return true;
}

FeatureTable FeatureStore::extract_view(const Part& part, FeatureSet& set,
                                        std::vector<BrokenImage>& broken) {
  const bool fits = fits_into_memory(part.samples);
  if (fits && !config_.cache.share) {
    auto table = FeatureTable::in_memory(set_size(part.samples), layers_.format);
    Part whole = part;
    whole.positions = all_positions(part.samples);
    broken = compute(whole, table);
    return table;
  }
  if (set.contents.empty()) set.contents = contents_of(part.samples, broken);
  Part hashed = part;
  hashed.contents = set.contents;
  auto table = archived(hashed, broken);
  return fits ? table.copy_in_memory() : std::move(table);
}

std::vector<BrokenImage> FeatureStore::unknown_to_user(std::vector<BrokenImage> broken,
                                                       const std::vector<Sample>& samples) const {
  std::erase_if(broken, [&](const BrokenImage& image) {
    return known_rows_.contains(samples[static_cast<std::size_t>(image.sample)].path);
  });
  return broken;
}

FeatureSet FeatureStore::extract(const std::vector<Sample>& samples, const std::string& title,
                                 std::int64_t augmented_views, bool names_broken) {
  FeatureSet set;
  set.samples = samples;
  for (std::int64_t view = 0; view <= augmented_views; ++view) {
    const std::string name = view == 0 ? title : fmt::format("{}, view {}", title, view);
    std::vector<BrokenImage> broken;
    set.views.push_back(extract_view({samples, {}, view, name}, set, broken));
    // An image may fail in one view only, where reading it fails for a moment.
    const auto added = add_broken(broken, set.broken);
    if (names_broken) report_broken(unknown_to_user(added, samples));
    require_few_broken(set.broken, set_size(samples), title, config_.data.max_broken);
  }
  for (const BrokenImage& image : set.broken) {
    for (FeatureTable& view : set.views) view.clear_row(image.sample);
  }
  const Truth truth = truth_of(samples, set.broken);
  set.labels = truth.labels;
  set.targets = truth.targets;
  return set;
}

}  // namespace transfer
