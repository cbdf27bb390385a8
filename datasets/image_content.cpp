#include "datasets/image_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <opencv2/core.hpp>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/hash.h"
#include "datasets/decode.h"
#include "datasets/file_blocks.h"
#include "datasets/image_file.h"

namespace transfer {
namespace {

bool holds_no_colour(const cv::Mat& rgb) {
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* row = rgb.ptr<cv::Vec3b>(y);
    const bool is_grey = std::all_of(row, row + rgb.cols, [](const cv::Vec3b& pixel) {
      return pixel[0] == pixel[1] && pixel[1] == pixel[2];
    });
    if (!is_grey) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> why_broken(const Sample& sample, const Preprocessing& preprocessing) {
  try {
    decode_for(sample, preprocessing);
  } catch (const DataError& error) {
    return error.what();
  }
  return std::nullopt;
}

std::string content_hash(const Sample& sample) {
  if (sample.array == nullptr) return hash_image_file(sample);
  const ImageArray& array = *sample.array;
  Sha256 hash;
  hash.update(fmt::format("{}x{} ", array.height, array.width));
  hash.update(array.image(sample.position));
  return hash.hex();
}

std::string content_sketch(const Sample& sample) {
  constexpr std::size_t kDigits = 16;
  if (sample.array != nullptr) return content_hash(sample).substr(0, kDigits);
  constexpr std::uintmax_t kBlock = 16 << 10;
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(sample.path, error);
  if (error) throw unreadable_image(sample, "cannot be read: " + error.message());
  FileBlocks file(sample.path);
  Sha256 hash;
  hash.update(fmt::format("{} ", size));
  // Blocks of a small file overlap.
  for (const std::uintmax_t first : {std::uintmax_t{0}, size / 2, size - std::min(size, kBlock)}) {
    hash.update(file.read(first, kBlock));
  }
  if (file.error() != 0) {
    throw unreadable_image(sample, fmt::format("cannot be read: {}", std::strerror(file.error())));
  }
  return hash.hex().substr(0, kDigits);
}

bool are_grey(const std::vector<Sample>& samples, const std::optional<SampleRange>& sample_range) {
  constexpr std::size_t kMostFiles = 100;
  const std::size_t step = std::max<std::size_t>(samples.size() / kMostFiles, 1);
  for (std::size_t i = 0; i < samples.size(); i += step) {
    throw_if_stopped();
    if (samples[i].array != nullptr) continue;
    try {
      const cv::Mat rgb = decode_sample(samples[i], /*target_shorter_side=*/0, sample_range);
      if (!holds_no_colour(rgb)) return false;
    } catch (const DataError&) {
      continue;
    }
  }
  return true;
}

}  // namespace transfer
