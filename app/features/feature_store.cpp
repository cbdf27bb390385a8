#include "app/features/feature_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/features/picture_pass.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"

namespace transfer {
namespace {

/// Pictures a batch. Every batch is padded to this size, so that a picture's features depend on
/// neither its neighbours nor the number of pictures.
constexpr std::int64_t kBatchSize = 8;

/// The cut of freeze-conv, as part of cache keys.
constexpr const char* kCut = "before-classifier";

/// Every broken picture shows at view 0 by its label.
void mark_broken(FeatureSet& set) {
  auto* labels = set.labels.data_ptr<std::int64_t>();
  for (const BrokenPicture& picture : set.broken) labels[picture.sample] = -1;
}

/// Augmentation fields as text, for cache keys.
std::string augment_key(const Config& config) {
  Config only_augment;
  only_augment.augment = config.augment;
  return to_yaml(only_augment);
}

/// The pictures whose rows in a finished table are zero, which is how broken ones are stored. Each
/// is decoded again to learn the reason.
std::vector<BrokenPicture> broken_rows(const FeatureTable& table,
                                       const std::vector<Sample>& samples) {
  constexpr std::int64_t kChunk = 4096;
  std::vector<BrokenPicture> broken;
  for (std::int64_t first = 0; first < table.rows(); first += kChunk) {
    const auto part = table.read(first, std::min(kChunk, table.rows() - first));
    const auto empty = part.abs().sum(1).eq(0).nonzero().flatten();
    for (std::int64_t i = 0; i < empty.size(0); ++i) {
      const std::int64_t row = first + empty[i].item<std::int64_t>();
      const std::string& path = samples[static_cast<std::size_t>(row)].path;
      const auto reason = why_broken(path);
      if (reason) broken.push_back({row, *reason});
    }
  }
  return broken;
}

}  // namespace

std::int64_t FeatureSet::valid_rows() const { return labels.ge(0).sum().item<std::int64_t>(); }

FeatureStore::FeatureStore(const Backbone& backbone, const Config& config,
                           std::filesystem::path folder, torch::Device device, std::int64_t threads)
    : backbone_(backbone),
      trunk_(backbone, device),
      config_(config),
      folder_(std::move(folder)),
      device_(device),
      threads_(threads) {}

LoaderOptions FeatureStore::loader_options(std::int64_t view) const {
  LoaderOptions options;
  options.preprocessing = backbone_.metadata().preprocessing;
  options.batch_size = kBatchSize;
  options.workers = config_.data.workers > 0 ? config_.data.workers : threads_;
  if (view > 0) options.augment = config_.augment;
  options.seed = static_cast<std::uint64_t>(config_.seed);
  options.epoch = static_cast<std::uint64_t>(view);
  return options;
}

std::filesystem::path FeatureStore::view_file(const std::vector<Sample>& samples,
                                              std::int64_t view) const {
  Sha256 key;
  key.update(fmt::format("{}\n{}\n{}\n", backbone_.fingerprint(), kCut,
                         to_key(backbone_.metadata().preprocessing)));
  if (view > 0) {
    key.update(fmt::format("{}\nseed {} view {}\n", augment_key(config_), config_.seed, view));
  }
  for (const Sample& sample : samples) {
    std::string content;
    try {
      content = sha256_hex(read_file(sample.path));
    } catch (const DataError&) {
      content = "unreadable";
    }
    key.update(content);
  }
  return folder_ / (key.hex() + ".features");
}

FeatureTable FeatureStore::compute(const std::vector<Sample>& samples, const std::string& title,
                                   std::int64_t view, FeatureTable table,
                                   std::vector<BrokenPicture>& broken) {
  const PicturePass pass{samples, loader_options(view), device_, threads_, title};
  broken = run_over_pictures(
      pass, [this](const torch::Tensor& images) { return trunk_.features(images); },
      [&table](const Batch& batch, const torch::Tensor& features) {
        auto rows = features.narrow(0, 0, batch.count).clone();
        for (const BrokenPicture& picture : batch.broken)
          rows[picture.sample - batch.first].zero_();
        table.write(batch.first, rows);
      });
  table.finish();
  return table;
}

FeatureTable FeatureStore::view(const std::vector<Sample>& samples, const std::string& title,
                                std::int64_t view, std::vector<BrokenPicture>& broken) {
  const auto rows = static_cast<std::int64_t>(samples.size());
  const std::int64_t dimension = backbone_.feature_count();
  const std::int64_t bytes = rows * dimension * static_cast<std::int64_t>(sizeof(float));
  if (memory_used_ + bytes <= config_.cache.memory_mb * (std::int64_t{1} << 20)) {
    memory_used_ += bytes;
    return compute(samples, title, view, FeatureTable::in_memory(rows, dimension), broken);
  }
  const std::filesystem::path file = view_file(samples, view);
  if (std::filesystem::exists(file)) {
    fmt::print(stderr, "{}: features read from {}\n", title, file.string());
    auto table = FeatureTable::open_file(file, rows, dimension);
    broken = broken_rows(table, samples);
    return table;
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  return compute(samples, title, view, FeatureTable::create_file(file, rows, dimension), broken);
}

FeatureSet FeatureStore::extract(const std::vector<Sample>& samples, const std::string& title,
                                 std::int64_t augmented_views) {
  FeatureSet set;
  set.samples = samples;
  set.labels = torch::empty({static_cast<std::int64_t>(samples.size())}, torch::kInt64);
  auto* labels = set.labels.data_ptr<std::int64_t>();
  for (const Sample& sample : samples) *labels++ = sample.label;
  for (std::int64_t view = 0; view <= augmented_views; ++view) {
    const std::string name = view == 0 ? title : fmt::format("{}, view {}", title, view);
    // Views of one picture are broken alike.
    set.views.push_back(this->view(samples, name, view, set.broken));
    if (view == 0) check_broken(set, title);
  }
  mark_broken(set);
  return set;
}

void FeatureStore::check_broken(const FeatureSet& set, const std::string& title) const {
  for (const BrokenPicture& picture : set.broken) {
    fmt::print(stderr, "warning: left out: {}\n", picture.reason);
  }
  const auto broken = static_cast<double>(set.broken.size());
  const auto total = static_cast<double>(set.rows());
  const bool nothing_is_left = !set.samples.empty() && set.broken.size() == set.samples.size();
  if (broken <= config_.data.max_broken * total && !nothing_is_left) return;
  throw DataError(fmt::format(
      "{} of {} pictures in {} cannot be read ({:.1f} %), more than data.max_broken allows "
      "({:.1f} %). The first: {}. Repair or remove them, or raise data.max_broken.",
      set.broken.size(), set.rows(), title, 100.0 * broken / total, 100.0 * config_.data.max_broken,
      set.broken.front().reason));
}

}  // namespace transfer
