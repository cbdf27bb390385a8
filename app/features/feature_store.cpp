#include "app/features/feature_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "app/compute/container_limits.h"
#include "app/features/broken_pictures.h"
#include "app/features/picture_pass.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/hash.h"
#include "core/stopwatch.h"
#include "datasets/picture_content.h"

namespace transfer {
namespace {

/// Bytes of features that may be held in memory.
std::int64_t memory_limit(const CacheConfig& cache) {
  const auto megabytes =
      cache.memory_mb ? *cache.memory_mb : default_cache_memory_mb(read_container_limits());
  return megabytes << 20;
}

/// Augmentation fields as text, for cache keys.
std::string augment_key(const Config& config) {
  Config only_augment;
  only_augment.augment = config.augment;
  only_augment.augment.views = 0;  // how many views there are does not change one of them
  only_augment.augment.mixup = 0;  // those two mix batches, not pictures
  only_augment.augment.cutmix = 0;
  return to_yaml(only_augment);
}

/// The pictures whose rows in a finished table are zero, which is how broken ones are stored. Each
/// is decoded again to learn the reason.
std::vector<BrokenPicture> broken_rows(const FeatureTable& table,
                                       const std::vector<Sample>& samples) {
  constexpr std::int64_t kBytes = std::int64_t{1} << 24;
  const std::int64_t chunk = std::max<std::int64_t>(kBytes / table.format().bytes(), 1);
  std::vector<BrokenPicture> broken;
  for (std::int64_t first = 0; first < table.rows(); first += chunk) {
    const auto part = table.read(first, std::min(chunk, table.rows() - first)).flatten(1);
    const auto empty = part.eq(0).all(1).nonzero().flatten();
    for (std::int64_t i = 0; i < empty.size(0); ++i) {
      const std::int64_t row = first + empty[i].item<std::int64_t>();
      const auto reason = why_broken(samples[static_cast<std::size_t>(row)]);
      if (reason) broken.push_back({row, *reason});
    }
  }
  return broken;
}

/// SHA-256 over the contents of the pictures, in order.
std::string hash_of(const std::vector<Sample>& samples) {
  Sha256 hash;
  for (const Sample& sample : samples) {
    throw_if_stopped();
    std::string content;
    try {
      content = content_hash(sample);
    } catch (const DataError&) {
      content = "unreadable";
    }
    hash.update(content);
  }
  return hash.hex();
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

std::string FeatureStore::key_of(const std::vector<Sample>& samples) const {
  return fmt::format("{}\n{}\n{}\n{}\n", backbone_.fingerprint(), layers_.key,
                     to_key(backbone_.metadata().preprocessing), hash_of(samples));
}

std::filesystem::path FeatureStore::view_file(const std::string& samples_key,
                                              std::int64_t view) const {
  Sha256 key;
  key.update(samples_key);
  if (view > 0) {
    key.update(fmt::format("{}\nseed {} view {}\n", augment_key(config_), config_.seed, view));
  }
  return folder_ / (key.hex() + ".features");
}

void FeatureStore::reuse(const FeatureSet& known) {
  known_ = &known;
  known_rows_.clear();
  for (std::size_t i = 0; i < known.samples.size(); ++i) {
    known_rows_[known.samples[i].path] = static_cast<std::int64_t>(i);
  }
}

std::vector<std::int64_t> FeatureStore::take_known(const std::vector<Sample>& samples,
                                                   FeatureTable& table,
                                                   std::vector<BrokenPicture>& broken) const {
  std::map<std::int64_t, std::string> known_broken;
  if (known_ != nullptr) {
    for (const BrokenPicture& picture : known_->broken) {
      known_broken[picture.sample] = picture.reason;
    }
  }
  std::vector<std::int64_t> unknown;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto found = known_rows_.find(samples[i].path);
    if (found == known_rows_.end()) {
      unknown.push_back(row);
      continue;
    }
    const auto reason = known_broken.find(found->second);
    if (reason != known_broken.end()) broken.push_back({row, reason->second});
    table.write(row, known_->views.front().read(found->second, 1));  // zeros where it is broken
  }
  return unknown;
}

FeatureTable FeatureStore::compute(const std::vector<Sample>& samples, const std::string& title,
                                   std::int64_t view, FeatureTable table,
                                   std::vector<BrokenPicture>& broken) {
  PicturePass pass{samples, loader_options(view), device_, threads_, title};
  std::vector<std::int64_t> rows;
  const bool some_are_known = view == 0 && known_ != nullptr;
  if (some_are_known) {
    rows = take_known(samples, table, broken);
    pass.samples.clear();
    for (const std::int64_t row : rows) {
      pass.samples.push_back(samples[static_cast<std::size_t>(row)]);
    }
  }
  const auto row_of = [&](std::int64_t position) {
    return some_are_known ? rows[static_cast<std::size_t>(position)] : position;
  };
  std::atomic<double> seconds = 0;
  std::vector<BrokenPicture> found_broken;
  if (!pass.samples.empty())
    found_broken = run_over_pictures(
        pass,
        [&](const torch::Tensor& images) {
          const ThreadStopwatch stopwatch;
          auto features = layers_.forward(images);
          seconds += stopwatch.seconds();
          return features;
        },
        [&](const Batch& batch, const torch::Tensor& features) {
          auto computed = features.narrow(0, 0, batch.count).clone();
          for (const BrokenPicture& picture : batch.broken) {
            computed[picture.sample - batch.first].zero_();
          }
          if (!some_are_known) return table.write(batch.first, computed);
          for (std::int64_t i = 0; i < batch.count; ++i) {
            table.write(row_of(batch.first + i), computed.narrow(0, i, 1));
          }
        });
  for (const BrokenPicture& picture : found_broken) {
    broken.push_back({row_of(picture.sample), picture.reason});
  }
  std::sort(broken.begin(), broken.end(),
            [](const auto& a, const auto& b) { return a.sample < b.sample; });
  forward_seconds_ += seconds;
  table.finish();
  return table;
}

FeatureTable FeatureStore::view(const std::vector<Sample>& samples, const std::string& title,
                                std::int64_t view, const std::filesystem::path& file,
                                std::vector<BrokenPicture>& broken) {
  const auto rows = static_cast<std::int64_t>(samples.size());
  if (file.empty()) {
    return compute(samples, title, view, FeatureTable::in_memory(rows, layers_.format), broken);
  }
  if (is_file(file)) {
    try {
      auto table = FeatureTable::open_file(file, rows, layers_.format);
      fmt::print(stderr, "{}: features read from {}\n", title, file.string());
      broken = broken_rows(table, samples);
      return table;
    } catch (const DataError& error) {
      fmt::print(stderr, "warning: {} It is computed anew.\n", error.what());
    }
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    throw OutputError(
        fmt::format("{}: the feature store cannot be made: {}. Choose another folder "
                    "with cache.dir, or raise cache.memory_mb.",
                    folder_.string(), error.message()));
  }
  return compute(samples, title, view, FeatureTable::create_file(file, rows, layers_.format),
                 broken);
}

bool FeatureStore::fits_into_memory(const std::vector<Sample>& samples) {
  const std::int64_t bytes = static_cast<std::int64_t>(samples.size()) * layers_.format.bytes();
  if (memory_used_ + bytes > memory_limit_) return false;
  memory_used_ += bytes;
  return true;
}

std::vector<BrokenPicture> FeatureStore::newly_broken(const FeatureSet& set) const {
  std::vector<BrokenPicture> unknown;
  for (const BrokenPicture& picture : set.broken) {
    const auto& path = set.samples[static_cast<std::size_t>(picture.sample)].path;
    if (!known_rows_.contains(path)) unknown.push_back(picture);
  }
  return unknown;
}

FeatureSet FeatureStore::extract(const std::vector<Sample>& samples, const std::string& title,
                                 std::int64_t augmented_views, bool names_broken) {
  FeatureSet set;
  set.samples = samples;
  std::string samples_key;
  for (std::int64_t view = 0; view <= augmented_views; ++view) {
    const std::string name = view == 0 ? title : fmt::format("{}, view {}", title, view);
    std::filesystem::path file;
    if (!fits_into_memory(samples)) {
      if (samples_key.empty()) samples_key = key_of(samples);
      file = view_file(samples_key, view);
    }
    // Views of one picture are broken alike.
    set.views.push_back(this->view(samples, name, view, file, set.broken));
    if (view > 0) continue;
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
