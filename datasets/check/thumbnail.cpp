#include "datasets/check/thumbnail.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "core/errors.h"
#include "datasets/decode.h"

namespace transfer {
namespace {

/// libjpeg's own error handling would end the process. A small image in memory gives it no reason
/// for an error but a lack of memory.
void refuse_jpeg_error(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  throw ResourceError(std::string("a thumbnail cannot be made: ") + message);
}

/// 8-bit RGB as a JPEG.
std::string jpeg_of(const cv::Mat& rgb) {
  constexpr int kQuality = 72;
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  errors.error_exit = refuse_jpeg_error;
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(rgb.cols);
  info.image_height = static_cast<JDIMENSION>(rgb.rows);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, kQuality, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPLE*>(rgb.ptr(static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  std::free(buffer);
  return bytes;
}

}  // namespace

std::string thumbnail_jpeg(const Sample& sample, std::int64_t side,
                           const std::optional<SampleRange>& sample_range) {
  cv::Mat rgb;
  try {
    rgb = decode_sample(sample, side, sample_range);
  } catch (const DataError&) {
    return "";
  }
  const double factor = static_cast<double>(side) / std::max(rgb.cols, rgb.rows);
  if (factor < 1) {
    const cv::Size size(std::max(1, static_cast<int>(rgb.cols * factor)),
                        std::max(1, static_cast<int>(rgb.rows * factor)));
    cv::resize(rgb, rgb, size, 0, 0, cv::INTER_AREA);
  }
  return jpeg_of(rgb);
}

}  // namespace transfer
