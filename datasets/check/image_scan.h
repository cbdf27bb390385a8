#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// A picture's coarse shape: 16 × 16 grey values, row by row, of zero mean and unit length; all 0
/// for an image of one shade. The product of two is their correlation.
using Outline = std::array<float, 256>;

/// What one decode of an image tells about it.
struct ImageScan {
  /// Why the image cannot be read ("PATH: reason"); empty where the rest holds.
  std::string broken;
  /// In pixels, upright.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// Bytes of the file; 0 for an image in memory.
  std::int64_t bytes = 0;
  /// The format of the content, such as "JPEG"; empty for an image in memory.
  std::string format;
  /// Whether the file's ending belongs to another format.
  bool has_other_ending = false;
  /// Maker and model by EXIF; empty where the file names none.
  std::string camera;
  /// 64 bits that hardly change when the image is saved anew, resized or brightened: the signs of
  /// the 8 × 8 lowest frequencies (DCT-II) of 32 × 32 grey values against their median (C. Zauner,
  /// "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010).
  std::uint64_t hash = 0;
  Outline outline = {};
  /// 0 (sharp) to 1: how little of the differences between neighbouring pixels is lost when the
  /// image is blurred once more, at a shorter side of at most 256 pixels (F. Crete et al., "The
  /// Blur Effect: Perception and Estimation with a New No-reference Perceptual Blur Metric", 2007).
  double blur = 0;
  /// Of the grey values, 0 to 1: mean, standard deviation and the value that 99 % lie below.
  double brightness = 0;
  double contrast = 0;
  double brightest = 0;
  /// Mean red, green and blue, 0 to 1.
  std::array<double, 3> colour = {};

  bool is_readable() const { return broken.empty(); }
  /// Longer side / shorter side.
  double aspect_ratio() const;
};

/// Scans one image. Throws ResourceError.
ImageScan scan_image(const Sample& sample, const std::optional<SampleRange>& sample_range = {});

/// Scans all images on `threads` threads, in their order. Throws ResourceError and Interrupted.
std::vector<ImageScan> scan_images(const std::vector<Sample>& samples, std::int64_t threads,
                                   const std::optional<SampleRange>& sample_range = {});

}  // namespace transfer
