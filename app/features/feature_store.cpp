#include "app/features/feature_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>

#include "app/compute/container_limits.h"
#include "app/features/broken_images.h"
#include "app/features/cache_folder.h"
#include "app/features/feature_archive.h"
#include "app/features/image_pass.h"
#include "configs/fields.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/messages.h"
#include "core/stopwatch.h"
#include "datasets/decode.h"
#include "datasets/image_content.h"

namespace transfer {
namespace {

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

/// The images whose rows in a finished table are zero, as those of broken images are. Each is
/// decoded again to learn the reason.
std::vector<BrokenImage> broken_rows(const FeatureTable& table, const std::vector<Sample>& samples,
                                     const Preprocessing& preprocessing) {
  constexpr std::int64_t kBytes = std::int64_t{1} << 24;
  const std::int64_t chunk = std::max<std::int64_t>(kBytes / table.format().bytes(), 1);
  std::vector<BrokenImage> broken;
  for (std::int64_t first = 0; first < table.rows(); first += chunk) {
    const auto part = table.read(first, std::min(chunk, table.rows() - first)).flatten(1);
    const auto empty = part.eq(0).all(1).nonzero().flatten();
    for (std::int64_t i = 0; i < empty.size(0); ++i) {
      const std::int64_t row = first + empty[i].item<std::int64_t>();
      const auto reason = why_broken(samples[static_cast<std::size_t>(row)], preprocessing);
      if (reason) broken.push_back({row, *reason});
    }
  }
  return broken;
}

/// SHA-256 of the content of each image.
std::vector<std::string> contents_of(const std::vector<Sample>& samples) {
  std::vector<std::string> contents;
  contents.reserve(samples.size());
  for (const Sample& sample : samples) {
    throw_if_stopped();
    try {
      contents.push_back(content_hash(sample));
    } catch (const DataError&) {
      contents.push_back(sha256_hex("unreadable"));
    }
  }
  return contents;
}

std::vector<std::int64_t> all_positions(const std::vector<Sample>& samples) {
  std::vector<std::int64_t> positions(samples.size());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

}  // namespace

std::int64_t FeatureSet::valid_rows() const { return labels.ge(0).sum().item<std::int64_t>(); }

StoredLayers stored_layers(const FrozenTrunk& trunk) {
  return {fmt::format("{}", fmt::join(trunk.cuts(), " ")), RowFormat(trunk.dimension()),
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
  options.batch_size = kStoreBatch;
  options.workers = config_.data.workers > 0 ? config_.data.workers : threads_;
  if (view > 0) options.augment = config_.augment;
  options.seed = static_cast<std::uint64_t>(config_.seed);
  options.epoch = static_cast<std::uint64_t>(view);
  return options;
}

std::filesystem::path FeatureStore::archive_folder() const {
  const std::string key =
      fmt::format("decoder {}\n{}\n{}\n{}\n{} {}\n", kDecoderVersion, backbone_.fingerprint(),
                  layers_.key, to_key(backbone_.metadata().preprocessing),
                  fmt::join(layers_.format.shape, " "), c10::toString(layers_.format.type));
  return folder_ / sha256_hex(key).substr(0, 32);
}

std::vector<std::string> FeatureStore::row_keys(const std::vector<std::string>& contents,
                                                std::int64_t view) const {
  if (view == 0) return contents;
  const std::string augmentation = augment_key(config_);
  std::vector<std::string> keys;
  keys.reserve(contents.size());
  for (std::size_t i = 0; i < contents.size(); ++i) {
    // An image's augmentation depends on its position in the list.
    keys.push_back(sha256_hex(fmt::format("{}\n{}\nseed {} view {} position {}\n", contents[i],
                                          augmentation, config_.seed, view, i)));
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

std::vector<std::int64_t> FeatureStore::take_known(const std::vector<Sample>& samples,
                                                   const std::vector<std::int64_t>& positions,
                                                   FeatureTable& table,
                                                   std::vector<BrokenImage>& broken) const {
  std::map<std::int64_t, std::string> known_broken;
  if (known_ != nullptr) {
    for (const BrokenImage& image : known_->broken) {
      known_broken[image.sample] = image.reason;
    }
  }
  std::vector<std::int64_t> unknown;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto found = known_rows_.find(samples[static_cast<std::size_t>(positions[i])].path);
    if (found == known_rows_.end()) {
      unknown.push_back(row);
      continue;
    }
    const auto reason = known_broken.find(found->second);
    if (reason != known_broken.end()) broken.push_back({positions[i], reason->second});
    table.write(row, known_->views.front().read(found->second, 1));  // zeros where it is broken
  }
  return unknown;
}

std::vector<BrokenImage> FeatureStore::compute(const Part& part, FeatureTable& table) {
  std::vector<BrokenImage> broken;
  std::vector<std::int64_t> rows(part.positions.size());
  std::iota(rows.begin(), rows.end(), 0);
  if (part.view == 0 && known_ != nullptr) {
    rows = take_known(part.samples, part.positions, table, broken);
  }
  if (rows.empty()) return broken;
  ImagePass pass{part.samples, loader_options(part.view), device_, threads_, part.title};
  pass.progress = part.progress;
  pass.uses_one_thread_per_stream = true;
  for (const std::int64_t row : rows) {
    pass.loader.order.push_back(part.positions[static_cast<std::size_t>(row)]);
  }
  std::atomic<double> seconds = 0;
  const auto found_broken = run_over_images(
      pass,
      [&](const torch::Tensor& images) {
        const ThreadStopwatch stopwatch;
        auto features = layers_.forward(images);
        seconds += stopwatch.seconds();
        return features;
      },
      [&](const Batch& batch, const torch::Tensor& features) {
        auto computed = features.narrow(0, 0, batch.count).clone();
        for (std::int64_t i = 0; i < batch.count; ++i) {
          const auto row = computed.narrow(0, i, 1);
          const std::int64_t sample = batch.samples[static_cast<std::size_t>(i)];
          if (std::any_of(batch.broken.begin(), batch.broken.end(),
                          [sample](const auto& image) { return image.sample == sample; })) {
            row.zero_();
          }
          table.write(rows[static_cast<std::size_t>(batch.first + i)], row);
        }
      });
  broken.insert(broken.end(), found_broken.begin(), found_broken.end());
  forward_seconds_ += seconds;
  computed_ += static_cast<std::int64_t>(rows.size());
  return broken;
}

FeatureTable FeatureStore::compute_in_memory(const std::vector<Sample>& samples,
                                             const std::string& title, std::int64_t view,
                                             std::vector<BrokenImage>& broken) {
  auto table = FeatureTable::in_memory(static_cast<std::int64_t>(samples.size()), layers_.format);
  const auto found = compute({samples, all_positions(samples), view, title}, table);
  broken.insert(broken.end(), found.begin(), found.end());
  std::sort(broken.begin(), broken.end(),
            [](const auto& a, const auto& b) { return a.sample < b.sample; });
  return table;
}

FeatureTable FeatureStore::archived(const std::vector<Sample>& samples,
                                    const std::vector<std::string>& contents,
                                    const std::string& title, std::int64_t view,
                                    std::vector<BrokenImage>& broken) {
  const auto folder = archive_folder();
  FeatureArchive archive(folder, layers_.format);
  describe_archive(folder, backbone_.metadata().name, layers_.key);
  const auto keys = row_keys(contents, view);
  const std::int64_t missing = archive.missing(keys);
  if (missing < static_cast<std::int64_t>(samples.size())) {
    const std::size_t found = samples.size() - static_cast<std::size_t>(missing);
    note("{}: features of {} read from {}", title, count_text(found, "image"), folder.string());
  }
  const auto progress = begin_progress(title, missing, "images");
  auto table = archive.rows(
      keys,
      [&](const std::vector<std::int64_t>& positions, FeatureTable& part) {
        compute({samples, positions, view, title, progress.get()}, part);
      },
      [&title] { note("{}: waiting for features that another process is computing", title); });
  if (missing > 0) progress->finish();
  if (view == 0) {
    broken = broken_rows(table, samples, backbone_.metadata().preprocessing);
  }
  return table;
}

bool FeatureStore::fits_into_memory(const std::vector<Sample>& samples) {
  const std::int64_t bytes = static_cast<std::int64_t>(samples.size()) * layers_.format.bytes();
  if (memory_used_ + bytes > memory_limit_) return false;
  memory_used_ += bytes;
  return true;
}

std::vector<BrokenImage> FeatureStore::newly_broken(const FeatureSet& set) const {
  std::vector<BrokenImage> unknown;
  for (const BrokenImage& image : set.broken) {
    const auto& path = set.samples[static_cast<std::size_t>(image.sample)].path;
    if (!known_rows_.contains(path)) unknown.push_back(image);
  }
  return unknown;
}

FeatureSet FeatureStore::extract(const std::vector<Sample>& samples, const std::string& title,
                                 std::int64_t augmented_views, bool names_broken) {
  FeatureSet set;
  set.samples = samples;
  std::vector<std::string> contents;
  for (std::int64_t view = 0; view <= augmented_views; ++view) {
    const std::string name = view == 0 ? title : fmt::format("{}, view {}", title, view);
    const bool fits = fits_into_memory(samples);
    std::vector<BrokenImage> broken;
    if (fits && !config_.cache.share) {
      set.views.push_back(compute_in_memory(samples, name, view, broken));
    } else {
      if (contents.empty()) contents = contents_of(samples);
      auto table = archived(samples, contents, name, view, broken);
      set.views.push_back(fits ? table.copy_in_memory() : std::move(table));
    }
    if (view > 0) continue;  // views of one image are broken alike
    set.broken = std::move(broken);
    if (names_broken) report_broken(newly_broken(set));
    require_few_broken(set.broken, static_cast<std::int64_t>(samples.size()), title,
                       config_.data.max_broken);
  }
  const Truth truth = truth_of(samples, set.broken);
  set.labels = truth.labels;
  set.targets = truth.targets;
  return set;
}

}  // namespace transfer
