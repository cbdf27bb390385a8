#pragma once

#include <string>
#include <vector>

#include "datasets/check/image_scan.h"
#include "datasets/listed_data.h"

namespace transfer {

/// How well something that a network should not go by tells the class.
struct Shortcut {
  /// `camera`, `size`, `format` or `colour`.
  std::string name;
  /// Balanced accuracy (the mean of the classes' own) of a linear classifier on it alone, by 5-fold
  /// cross-validation, and that of guessing.
  double accuracy = 0;
  double chance = 0;

  /// Whether it lies 20 points above chance.
  bool is_suspicious() const { return accuracy >= chance + 0.2; }
};

/// Tries the camera by EXIF, the image's size, the file format and the mean colour. Images that
/// belong together (Sample::kept_with) are in one fold. Only what varies is tried; empty for less
/// than 40 images or a single class. REQUIRES: each sample has one class. Throws Interrupted.
std::vector<Shortcut> find_shortcuts(const ListedData& data, const std::vector<ImageScan>& scans);

}  // namespace transfer
