#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/encoded_image.h"
#include "datasets/formats/sample_values.h"

namespace transfer {

/// A format that images are read from.
struct ImageFormat {
  std::string_view name;
  /// What such a file starts with, one of them; '?' stands for any byte.
  std::vector<std::string_view> signatures;
  /// The endings of such files, in lower case.
  std::vector<std::string_view> endings;
  /// Returns 8-bit RGB (CV_8UC3), upright, with transparency blended on white. Throws DataError
  /// "NAME: reason". Writes nothing to stderr, and may run in any number of threads.
  cv::Mat (*decode)(const EncodedImage& image);
  /// What the file says and holds beyond one image of plain 8-bit samples, which may mean to decode
  /// it. Throws DataError where it is damaged. nullptr: such files hold nothing else.
  SampleTraits (*traits)(const EncodedImage& image) = nullptr;
  /// Whether the first bytes of a file (see kSurveyedBytes) prove that traits() would find nothing;
  /// nullptr: they never do.
  bool (*is_plain)(std::string_view start) = nullptr;
  /// Returns exactly that many bands as they are stored, 8 bits each, upright; likewise. nullptr
  /// for formats that hold colours only.
  cv::Mat (*decode_bands)(const EncodedImage& image, int bands) = nullptr;
};

/// The first bytes of a file that ImageFormat::is_plain looks at.
inline constexpr std::size_t kSurveyedBytes = 4096;

/// Every format that the program reads. A new one is a row here and its decoder in this folder.
const std::vector<ImageFormat>& image_formats();

/// The format that a file's bytes are in; nullptr where it is none of image_formats().
const ImageFormat* format_of(std::string_view bytes);

/// Why bytes in none of image_formats() are refused. Names the format that they are in where it is
/// a common one: "is a GIF; supported are JPEG, PNG, …".
std::string why_unsupported(std::string_view bytes);

/// The endings of all formats, in lower case and with their full stop.
std::vector<std::string_view> image_endings();

}  // namespace transfer
