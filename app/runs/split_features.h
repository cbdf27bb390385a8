#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/features/feature_store.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "models/feature_block.h"

namespace transfer {

/// Features of every split: blocks side by side, of so many features each.
struct SplitFeatures {
  std::vector<FeatureBlock> blocks;
  std::vector<std::int64_t> widths;
  FeatureSet train;
  FeatureSet val;
  std::optional<FeatureSet> test;
};

/// Computes these blocks of all images; those of training images that `known` holds are not
/// computed again. Throws Error, such as DataError where a class or label has no readable training
/// image.
SplitFeatures extract_splits(const Preparation& preparation, const RunDirectory& run,
                             const std::vector<FeatureBlock>& blocks, const ProbedFeatures& known);

/// Some of the blocks, by their positions; nothing is copied before it is read.
SplitFeatures with_blocks(const SplitFeatures& features, const std::vector<std::size_t>& chosen);

/// Lists and warns of images that measure the model and are almost training images.
void look_for_near_copies(const SplitFeatures& features, Findings& findings);

}  // namespace transfer
