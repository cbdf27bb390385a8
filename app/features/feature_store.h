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

/// Frozen layers whose output is stored.
struct StoredLayers {
  /// Tells them from other layers of the same backbone, the weights that they have included.
  std::string key;
  RowFormat format;
  /// images [N,C,H,W] on any device → [N,…] float32. Called from several threads at once.
  std::function<torch::Tensor(const torch::Tensor&)> forward;
};

/// The layers that give a head its features. `trunk` must outlive them.
StoredLayers stored_layers(const FrozenTrunk& trunk);

/// Pictures a batch while features are computed. Every batch is padded to this size, so that a
/// picture's features depend on neither its neighbours nor the number of pictures.
constexpr std::int64_t kStoreBatch = 8;

/// Features of one split. A picture has one row in each view: view 0 is the picture itself, the
/// others are augmented copies.
struct FeatureSet {
  std::vector<FeatureTable> views;
  /// [N] int64; −1 for a broken picture, which losses and metrics pass over.
  torch::Tensor labels;
  /// [N,K] float32: the samples' targets; undefined where they have none.
  torch::Tensor targets;
  std::vector<Sample> samples;
  std::vector<BrokenPicture> broken;

  Truth truth() const { return {labels, targets}; }
  std::int64_t rows() const { return labels.size(0); }
  /// Number of pictures that could be decoded.
  std::int64_t valid_rows() const;
};

/// Computes features, in memory while all of them fit into `cache.memory_mb`, beyond that in files
/// of the feature store. A file's name is the hash of all that decides its content (weights, cut,
/// preprocessing, augmentation, pictures), so a file that exists is read instead of computed.
class FeatureStore {
 public:
  /// `folder` is made when the first file is written. The layers are of `backbone`.
  FeatureStore(const Backbone& backbone, StoredLayers layers, const Config& config,
               std::filesystem::path folder, torch::Device device, std::int64_t threads);
  /// The same for a trunk, which must outlive the store.
  FeatureStore(const Backbone& backbone, const FrozenTrunk& trunk, const Config& config,
               std::filesystem::path folder, torch::Device device, std::int64_t threads);

  /// Lets `extract` take the unaugmented features of these pictures from `known`, which holds
  /// these layers' and must outlive the store, instead of computing them.
  void reuse(const FeatureSet& known);

  /// Seconds that all streams together have spent in the layers (processor time of the calling
  /// threads), decoding left out.
  double forward_seconds() const { return forward_seconds_; }

  /// Features of `samples` with `augmented_views` extra views. `title` names the split in
  /// messages. Broken pictures are named on stderr unless `names_broken` is false. Throws DataError
  /// when more than `data.max_broken` of the pictures are broken.
  FeatureSet extract(const std::vector<Sample>& samples, const std::string& title,
                     std::int64_t augmented_views, bool names_broken = true);

 private:
  /// Features of one view: computed into memory where `file` is empty, else read from the file or
  /// computed into it. Sets `broken`.
  FeatureTable view(const std::vector<Sample>& samples, const std::string& title, std::int64_t view,
                    const std::filesystem::path& file, std::vector<BrokenPicture>& broken);
  /// Whether one more view does; if so its room is taken.
  bool fits_into_memory(const std::vector<Sample>& samples);
  /// Fills `table` with what is known and returns the rows that are still to be computed.
  std::vector<std::int64_t> take_known(const std::vector<Sample>& samples, FeatureTable& table,
                                       std::vector<BrokenPicture>& broken) const;
  /// Runs the layers over the pictures whose features are not known and fills `table`.
  FeatureTable compute(const std::vector<Sample>& samples, const std::string& title,
                       std::int64_t view, FeatureTable table, std::vector<BrokenPicture>& broken);
  /// The broken pictures of the set that are not known, and so were named, already.
  std::vector<BrokenPicture> newly_broken(const FeatureSet& set) const;
  /// What decides the content of all views of the samples; reads the backbone's file and the
  /// pictures.
  std::string key_of(const std::vector<Sample>& samples) const;
  std::filesystem::path view_file(const std::string& samples_key, std::int64_t view) const;
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
};

}  // namespace transfer
