#include "datasets/check/image_scan.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/worker_threads.h"
#include "datasets/decode.h"
#include "datasets/formats/exif.h"
#include "datasets/formats/image_formats.h"
#include "datasets/formats/jpeg_decoder.h"
#include "datasets/image_file.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

/// Shorter side at which an image is judged.
constexpr int kJudgedSide = 256;
constexpr double kWhite = 255;

/// Fills in what the file says beside its pixels. Returns whether it knows the size too.
bool read_file_facts(const std::string& bytes, const Sample& sample, ImageScan& scan) {
  scan.bytes = static_cast<std::int64_t>(bytes.size());
  const ImageFormat* format = format_of(bytes);
  if (format == nullptr) return false;
  scan.format = format->name;
  const auto& endings = format->endings;
  scan.has_other_ending =
      std::find(endings.begin(), endings.end(), lower_case_ending(sample.path)) == endings.end();
  if (scan.format == "PNG") scan.camera = exif_camera(png_exif(bytes));
  if (scan.format == "WebP") scan.camera = exif_camera(webp_exif(bytes));
  if (scan.format == "TIFF") scan.camera = exif_camera(bytes);
  if (scan.format != "JPEG") return false;
  const auto header = read_jpeg_header(bytes);
  if (!header) return false;
  scan.width = header->width;
  scan.height = header->height;
  scan.camera = exif_camera(header->exif);
  return true;
}

std::uint64_t perceptual_hash(const cv::Mat& grey) {
  constexpr int kSide = 32;
  constexpr int kFrequencies = 8;
  cv::Mat small;
  cv::resize(grey, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  small.convertTo(small, CV_32F);
  cv::Mat spectrum;
  cv::dct(small, spectrum);
  std::array<float, kFrequencies * kFrequencies> low{};
  for (int y = 0; y < kFrequencies; ++y) {
    std::copy_n(spectrum.ptr<float>(y), kFrequencies, low.begin() + y * kFrequencies);
  }
  auto sorted = low;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < low.size(); ++i) {
    hash |= static_cast<std::uint64_t>(low[i] >= *middle) << i;
  }
  return hash;
}

Outline outline_of(const cv::Mat& grey) {
  constexpr int kSide = 16;
  cv::Mat small;
  cv::resize(grey, small, {kSide, kSide}, 0, 0, cv::INTER_AREA);
  small.convertTo(small, CV_32F);
  small -= cv::mean(small);
  const double length = cv::norm(small);
  Outline outline{};
  if (length < 1) return outline;
  small /= length;
  std::copy_n(small.ptr<float>(), outline.size(), outline.begin());
  return outline;
}

/// The part of the differences of neighbours along one direction that a blur of 9 pixels leaves.
double blur_along(const cv::Mat& grey, bool is_horizontal) {
  constexpr int kLength = 9;
  cv::Mat blurred;
  cv::blur(grey, blurred, is_horizontal ? cv::Size(kLength, 1) : cv::Size(1, kLength));
  const auto differences = [&](const cv::Mat& image) {
    const cv::Mat first =
        is_horizontal ? image.colRange(0, image.cols - 1) : image.rowRange(0, image.rows - 1);
    const cv::Mat second =
        is_horizontal ? image.colRange(1, image.cols) : image.rowRange(1, image.rows);
    cv::Mat result;
    cv::absdiff(first, second, result);
    return result;
  };
  const cv::Mat before = differences(grey);
  cv::Mat lost;
  cv::subtract(before, differences(blurred), lost);  // stops at 0
  const double sum = cv::sum(before)[0];
  return sum > 0 ? 1 - cv::sum(lost)[0] / sum : 1;
}

double blur_of(const cv::Mat& grey) {
  if (grey.cols < 2 || grey.rows < 2) return 0;
  return std::max(blur_along(grey, true), blur_along(grey, false));
}

void measure_shades(const cv::Mat& grey, ImageScan& scan) {
  std::array<std::int64_t, 256> counts{};
  for (int y = 0; y < grey.rows; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < grey.cols; ++x) ++counts[row[x]];
  }
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(grey, mean, deviation);
  scan.brightness = mean[0] / kWhite;
  scan.contrast = deviation[0] / kWhite;
  const auto most = static_cast<std::int64_t>(0.99 * static_cast<double>(grey.total()));
  std::int64_t below = 0;
  std::size_t shade = 0;
  while (shade < counts.size() && (below += counts[shade]) < most) ++shade;
  scan.brightest = static_cast<double>(shade) / kWhite;
}

void measure_pixels(const cv::Mat& rgb, ImageScan& scan) {
  cv::Mat judged = rgb;
  const int shorter = std::min(rgb.cols, rgb.rows);
  if (shorter > kJudgedSide) {
    const double factor = static_cast<double>(kJudgedSide) / shorter;
    cv::resize(rgb, judged, {}, factor, factor, cv::INTER_AREA);
  }
  cv::Mat grey;
  cv::cvtColor(judged, grey, cv::COLOR_RGB2GRAY);
  scan.hash = perceptual_hash(grey);
  scan.outline = outline_of(grey);
  scan.blur = blur_of(grey);
  measure_shades(grey, scan);
  const cv::Scalar colour = cv::mean(judged);
  for (int c = 0; c < 3; ++c) scan.colour[static_cast<std::size_t>(c)] = colour[c] / kWhite;
}

}  // namespace

double ImageScan::aspect_ratio() const {
  const auto [shorter, longer] = std::minmax(width, height);
  return shorter > 0 ? static_cast<double>(longer) / static_cast<double>(shorter) : 1;
}

ImageScan scan_image(const Sample& sample, const std::optional<SampleRange>& sample_range) {
  ImageScan scan;
  try {
    bool knows_size = false;
    cv::Mat rgb;
    if (sample.array != nullptr) {
      rgb = decode_sample(sample);
    } else {
      const std::string bytes = read_image_file(sample);
      knows_size = read_file_facts(bytes, sample, scan);
      rgb = decode_image(bytes, sample.path, knows_size ? kJudgedSide / 2 : 0, sample_range,
                         sample.max_bytes);
    }
    if (!knows_size) {
      scan.width = rgb.cols;
      scan.height = rgb.rows;
    }
    measure_pixels(rgb, scan);
  } catch (const DataError& error) {
    scan.broken = error.what();
  }
  return scan;
}

std::vector<ImageScan> scan_images(const std::vector<Sample>& samples, std::int64_t threads,
                                   const std::optional<SampleRange>& sample_range) {
  std::vector<ImageScan> scans(samples.size());
  const auto progress =
      begin_progress("check", static_cast<std::int64_t>(samples.size()), "images");
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < samples.size() && stop_signal() == 0; i = next++) {
        scans[i] = scan_image(samples[i], sample_range);
        const std::lock_guard lock(mutex);
        progress->advance(1);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = samples.size();
    }
  };
  WorkerThreads workers;
  workers.start(threads - 1, work);
  work();
  workers.join();
  throw_if_stopped();
  if (failure) std::rethrow_exception(failure);
  progress->finish();
  return scans;
}

}  // namespace transfer
