#include "app/check/data_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "app/check/copy_findings.h"
#include "app/check/feature_findings.h"
#include "app/check/label_errors.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/cache_folder.h"
#include "app/preparation/backbone_choice.h"
#include "app/preparation/reading_messages.h"
#include "app/preparation/sample_range.h"
#include "core/errors.h"
#include "core/messages.h"
#include "datasets/check/near_duplicates.h"
#include "models/frozen_trunk.h"

namespace transfer {
namespace {

/// What the steps of a check share.
struct CheckRun {
  Config config;
  std::int64_t threads = 1;
  /// All images as training images, for what looks at those of a run.
  Dataset dataset;
  Likeness likeness;
  std::vector<AlikePair> alike;
};

void add_findings(DataCheck& check, std::vector<Finding> findings) {
  std::move(findings.begin(), findings.end(), std::back_inserter(check.findings));
}

/// Label errors of images with one class each, on features. Images of one shade do not count.
void look_at_labels(const CheckRun& run, FeatureSet& set, torch::Device device, DataCheck& check) {
  for (std::size_t i = 0; i < check.scans.size(); ++i) {
    if (has_one_shade(check.scans[i])) set.labels[static_cast<std::int64_t>(i)] = -1;
  }
  std::set<std::int64_t> present;
  for (const Sample& sample : check.data.samples) present.insert(sample.label);
  if (check.kind != TargetKind::kClass) {
    check.notes.emplace_back("label errors are looked for where each image has one class.");
  } else if (present.size() < 2) {
    check.notes.emplace_back("there is a single class, so no label can be wrong.");
  } else {
    const auto classes = static_cast<std::int64_t>(check.data.classes.size());
    add_findings(check, label_errors(head_problem(run.config, classes, device, set, set)));
  }
}

void look_at_features(CheckRun& run, DataCheck& check) {
  const auto device = choose_device(run.config.device);
  set_arithmetic(device, run.config.compute);
  const auto backbone = choose_backbone(run.config, run.dataset);
  check.preprocessing = backbone.metadata().preprocessing;
  check.backbone = backbone.metadata().name;
  Config config = run.config;
  config.data.max_broken = 1;  // they are findings
  const FrozenTrunk trunk(backbone, {""}, device, config.compute.fusion);
  FeatureStore store(backbone, trunk, config, feature_store_folder(config.cache), device,
                     run.threads);
  FeatureSet set =
      store.extract(run.dataset.train, "features", /*augmented_views=*/0, /*names_broken=*/false);
  FeatureNeighbours neighbours = compare_features(set, check.scans, run.likeness);
  add_findings(check, std::move(neighbours.outliers));
  run.alike.insert(run.alike.end(), neighbours.alike.begin(), neighbours.alike.end());
  keep_pairs_together(set.samples, run.alike);
  look_at_labels(run, set, device, check);
}

void sort_findings(std::vector<Finding>& findings) {
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(a.fault, -a.score, a.image) < std::tuple(b.fault, -b.score, b.image);
  });
}

}  // namespace

std::int64_t DataCheck::readable_images() const {
  return std::count_if(scans.begin(), scans.end(),
                       [](const ImageScan& scan) { return scan.is_readable(); });
}

DataCheck check_data(const Config& given, CheckDepth depth) {
  CheckRun run{given};
  DataCheck check;
  check.path = given.data.path;
  check.kind = objective_of(given).targets();
  run.threads = use_threads(given.threads);
  check.data = list_data(given.data, check.kind);
  if (check.data.samples.empty()) {
    throw DataError(fmt::format("{}: holds no images.", given.data.path));
  }
  report_reading(check.data.findings);
  run.dataset.classes = check.data.classes;
  run.dataset.train = check.data.samples;
  settle_sample_range(run.config, run.dataset, run.threads);
  check.scans = scan_images(check.data.samples, run.threads, sample_range(run.config));
  run.likeness = suitable_likeness(check.scans, static_cast<std::uint64_t>(given.seed));
  run.alike = near_duplicates(check.scans, run.likeness);
  if (run.likeness.bits < Likeness{10, 0}.bits) {
    check.notes.emplace_back(
        "many different images look alike, so only those that are almost the same count as near "
        "duplicates.");
  }
  if (check.readable_images() == 0) {
    check.notes.emplace_back("no image can be read, so nothing else was checked.");
  } else if (depth == CheckDepth::kFeatures) {
    look_at_features(run, check);
  } else {
    check.notes.emplace_back(
        "label errors and outliers were not looked for: they need features (--no-features).");
  }
  keep_pairs_together(check.data.samples, run.alike);
  add_findings(check, copy_findings(check.data, run.alike));
  add_findings(check, image_findings(check.scans, check.preprocessing));
  check.sizes = summarize_sizes(check.scans, check.preprocessing);
  if (check.kind == TargetKind::kClass) {
    constexpr std::int64_t kColumns = 100;  // of all folds: a few numbers an image
    use_threads_for(
        static_cast<std::int64_t>(check.scans.size() * check.data.classes.size()) * kColumns,
        run.threads);
    check.shortcuts = find_shortcuts(check.data, check.scans);
    use_threads(run.threads);
  }
  sort_findings(check.findings);
  return check;
}

}  // namespace transfer
