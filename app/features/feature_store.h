#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/features/feature_table.h"
#include "configs/config.h"
#include "datasets/dataset.h"
#include "datasets/loader.h"
#include "models/backbone.h"
#include "models/frozen_trunk.h"

namespace transfer {

class Progress;

/// Frozen layers and how to identify what they give.
struct StoredLayers {
  /// Identifies the layers and their weights among those of the same backbone.
  std::string key;
  /// Names the way in which they are computed.
  std::string engine;
  RowFormat format;
  /// images [N,C,H,W] on any device → [N,…] float32. Called from several threads at once.
  std::function<torch::Tensor(const torch::Tensor&)> forward;
};

/// The layers that give a head its features. `trunk` must outlive the result.
StoredLayers stored_layers(const FrozenTrunk& trunk);

/// Batch size when features are computed on a device: a small one on a CPU, where batches run side
/// by side, and one that keeps a GPU busy. Every batch is padded to this size, so that an image's
/// features depend neither on its neighbours nor on the number of images.
inline std::int64_t store_batch(torch::Device device) { return device.is_cpu() ? 8 : 64; }

/// Features of one split, with one row per image in each view: view 0 is the image itself, the
/// others are augmented copies. An image that is broken in one view is so in all: its rows are
/// zeros.
struct FeatureSet {
  std::vector<FeatureTable> views;
  /// [N] int64; −1 for a broken image, which losses and metrics ignore.
  torch::Tensor labels;
  /// [N,K] float32: the samples' targets; undefined where they have none.
  torch::Tensor targets;
  std::vector<Sample> samples;
  std::vector<BrokenImage> broken;
  /// SHA-256 of each image's content as it was when its features were computed, or "" where it
  /// could not be read; empty for features that were not looked for in the store.
  std::vector<std::string> contents;

  Truth truth() const { return {labels, targets}; }
  std::int64_t rows() const { return labels.size(0); }
  /// Number of images that could be decoded.
  std::int64_t valid_rows() const;
};

/// The same images with some of the features, by their positions [n] int64. Nothing is copied
/// before it is read.
FeatureSet with_columns(FeatureSet set, const torch::Tensor& columns);

/// Computes features, in memory as long as they fit into `cache.memory_mb`, beyond that in the
/// feature store on disk; with `cache.share` all of them go there. The store has one FeatureArchive
/// for each combination of decoder version, weights, cut, preprocessing and arithmetic (see
/// arithmetic_name()), and in it one row for each image content and, in augmented views,
/// augmentation. A row that exists is read instead of computed, whatever list of images it was
/// computed for.
class FeatureStore {
 public:
  /// `folder` is created when the first file is written. The layers belong to `backbone`.
  FeatureStore(const Backbone& backbone, StoredLayers layers, const Config& config,
               std::filesystem::path folder, torch::Device device, std::int64_t threads);
  /// The same for a trunk, which must outlive the store.
  FeatureStore(const Backbone& backbone, const FrozenTrunk& trunk, const Config& config,
               std::filesystem::path folder, torch::Device device, std::int64_t threads);

  /// Lets `extract` take unaugmented features from `known` instead of computing them. `known` holds
  /// features of the same layers and must outlive the store.
  void reuse(const FeatureSet& known);

  /// Seconds spent in the layers, without decoding: CPU seconds of the threads that called them,
  /// or on a GPU the time until its results were there.
  double forward_seconds() const { return forward_seconds_; }

  /// Rows computed by this process: one per image and view.
  std::int64_t computed() const { return computed_; }

  /// Features of `samples` with `augmented_views` extra views. `title` names the split in
  /// messages. Warns of broken images unless `names_broken` is false. Throws DataError
  /// when more than `data.max_broken` of the images are broken.
  FeatureSet extract(const std::vector<Sample>& samples, const std::string& title,
                     std::int64_t augmented_views, bool names_broken = true);

 private:
  /// What a pass is for.
  struct Part {
    const std::vector<Sample>& samples;
    /// Positions of those to be computed.
    std::vector<std::int64_t> positions = {};
    std::int64_t view = 0;
    std::string title = "";
    /// The content hash of each sample, under which its row is kept; empty in memory.
    std::vector<std::string> contents = {};
    /// See ImagePass.
    Progress* progress = nullptr;
  };
  /// Features of one view, from memory or the archive. Adds to `broken`, and the hashes to `set`.
  FeatureTable extract_view(const Part& part, FeatureSet& set, std::vector<BrokenImage>& broken);
  /// Removes what killed processes left, and warns of a store that another user owns.
  void begin_use() const;
  /// Features of one view from the archive, which gets those that it lacks. Adds to `broken`.
  FeatureTable archived(const Part& part, std::vector<BrokenImage>& broken);
  /// Whether one more view fits into memory; if so, its room is reserved.
  bool fits_into_memory(const std::vector<Sample>& samples);
  /// Writes the known features of the part into `table` and returns the rows that are still to be
  /// computed.
  std::vector<std::int64_t> take_known(const Part& part, FeatureTable& table,
                                       std::vector<BrokenImage>& broken) const;
  /// Whether a known row is that of the sample's content.
  bool is_same_content(const Part& part, std::int64_t sample, std::int64_t known_row) const;
  /// Runs the layers over the images whose features are not known and fills `table`, one row per
  /// position; rows of broken images, which it returns, stay unwritten.
  std::vector<BrokenImage> compute(const Part& part, FeatureTable& table);
  /// Those broken images that are not among the known ones, which were named before.
  std::vector<BrokenImage> unknown_to_user(std::vector<BrokenImage> broken,
                                           const std::vector<Sample>& samples) const;
  std::filesystem::path archive_folder() const;
  /// The keys of the samples' rows in the archive.
  std::vector<std::string> row_keys(const std::vector<std::string>& contents,
                                    std::int64_t view) const;
  LoaderOptions loader_options(std::int64_t view) const;

  Backbone backbone_;
  StoredLayers layers_;
  Config config_;
  std::filesystem::path folder_;
  torch::Device device_;
  std::int64_t threads_;
  /// Bytes of features that may be held in memory, and that are held already.
  std::int64_t memory_limit_;
  std::int64_t memory_used_ = 0;
  const FeatureSet* known_ = nullptr;
  /// Position in `known_` by path.
  std::unordered_map<std::string, std::int64_t> known_rows_;
  double forward_seconds_ = 0;
  std::int64_t computed_ = 0;
  /// Whether leftovers of killed processes have been removed from the store.
  bool has_swept_ = false;
};

}  // namespace transfer
