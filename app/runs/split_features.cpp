#include "app/runs/split_features.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

#include "app/features/near_copies.h"
#include "app/runs/run_record.h"
#include "app/training/block_choice.h"
#include "core/errors.h"
#include "core/messages.h"
#include "models/frozen_trunk.h"

namespace transfer {
namespace {

/// Throws DataError if a class or label has no readable training image left.
void require_every_class(const FeatureSet& train, const std::vector<std::string>& classes,
                         TargetKind kind, const std::string& path) {
  if (kind == TargetKind::kValues) return;
  const Truth truth = train.truth().select(train.truth().counted());
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto position = static_cast<std::int64_t>(c);
    const bool occurs = kind == TargetKind::kClass
                            ? truth.labels.eq(position).any().item<bool>()
                            : truth.targets.select(1, position).gt(0).any().item<bool>();
    if (occurs) continue;
    throw DataError(
        fmt::format("{}: class '{}' has no readable training image.", path, classes[c]));
  }
}

}  // namespace

SplitFeatures extract_splits(const Preparation& p, const RunDirectory& run,
                             const std::vector<FeatureBlock>& blocks, const ProbedFeatures& known) {
  const FrozenTrunk trunk(p.backbone, blocks, p.device, p.config.compute.fusion);
  FeatureStore store(p.backbone, trunk, p.config, feature_store_folder(p.config, run), p.device,
                     p.threads);
  const auto known_set = known.of(blocks);
  if (known_set) store.reuse(*known_set);
  SplitFeatures features{blocks, trunk.widths(),
                         store.extract(p.dataset.train, "train", p.config.augment.views),
                         store.extract(p.dataset.val, "val", 0), std::nullopt};
  require_every_class(features.train, p.dataset.classes, p.objective().targets(),
                      p.config.data.path);
  if (!p.dataset.test.empty()) features.test = store.extract(p.dataset.test, "test", 0);
  if (p.group->size() > 1) {
    const auto shares = p.group->gather(fmt::format("{}", store.computed()));
    note("features computed by each process: {}", fmt::join(shares, ", "));
  }
  return features;
}

void look_for_near_copies(const SplitFeatures& features, Findings& findings) {
  const auto look = [&](const FeatureSet& measuring, const char* name) {
    auto pairs = near_copies(features.train, measuring);
    if (pairs.empty()) return;
    warn(
        "{} {} {} almost the same as a training image: {}. If they show the same thing, the scores "
        "are too good; remove them from one of the splits.",
        pairs.size(), name, pairs.size() == 1 ? "image is" : "images are", first_five(pairs));
    std::move(pairs.begin(), pairs.end(), std::back_inserter(findings.near_copies_across_splits));
  };
  look(features.val, "validation");
  if (features.test) look(*features.test, "test");
}

SplitFeatures with_blocks(const SplitFeatures& features, const std::vector<std::size_t>& chosen) {
  const auto columns = columns_of(chosen, features.widths);
  SplitFeatures part{{},
                     {},
                     with_columns(features.train, columns),
                     with_columns(features.val, columns),
                     std::nullopt};
  if (features.test) part.test = with_columns(*features.test, columns);
  for (const std::size_t block : chosen) {
    part.blocks.push_back(features.blocks[block]);
    part.widths.push_back(features.widths[block]);
  }
  return part;
}

}  // namespace transfer
