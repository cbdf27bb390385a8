#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/check/finding.h"
#include "app/check/image_findings.h"
#include "app/check/shortcuts.h"
#include "configs/config.h"
#include "core/objective.h"
#include "datasets/check/image_scan.h"
#include "datasets/listed_data.h"

namespace transfer {

/// All that a check of a data set found.
struct DataCheck {
  std::string path;
  TargetKind kind = TargetKind::kClass;
  ListedData data;
  std::vector<ImageScan> scans;
  /// By fault, the gravest first, and within each by score.
  std::vector<Finding> findings;
  /// For the crop of this input: the backbone's, or without one 224 × 224 pixels of 256.
  Preprocessing preprocessing;
  SizeSummary sizes;
  std::vector<Shortcut> shortcuts;
  /// Whose features told label errors and outliers; empty where none did.
  std::string backbone;
  /// What was not checked, and why: a sentence each.
  std::vector<std::string> notes;

  std::int64_t readable_images() const;
};

/// Whether a check computes features of the images, or looks at pixels and files alone.
enum class CheckDepth { kPixels, kFeatures };

/// Looks for faults in the data that `config` names. Changes nothing but the feature store. Throws
/// Error where the data cannot be read at all.
DataCheck check_data(const Config& config, CheckDepth depth);

}  // namespace transfer
