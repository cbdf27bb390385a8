#pragma once

#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

namespace transfer {

/// A smooth RGB image; `seed` shifts its colours.
cv::Mat gradient(int width, int height, int seed = 0);

/// The bytes of an 8-bit RGB image in the format that the ending names (.jpg, .png, .bmp, .tiff,
/// .webp).
std::string encode(const cv::Mat& rgb, const std::string& ending);

/// Grey, RGB or CMYK by the number of channels, in good quality.
struct JpegOptions {
  bool progressive = false;
  /// Four channels only: stored as YCCK, as Adobe's marker declares; otherwise as CMYK.
  bool ycck = false;
  bool adobe_marker = true;
};
std::string encode_jpeg(const cv::Mat& pixels, const JpegOptions& options = {});

/// Grey, grey and alpha, RGB or RGBA by the number of channels, 8 or 16 bits by the depth.
std::string encode_png(const cv::Mat& pixels, bool interlaced = false);

/// Positions in a palette of RGB colours, with `bits` 1, 2, 4 or 8; `alpha` for the first colours.
std::string encode_palette_png(const cv::Mat& indices, int bits,
                               const std::vector<cv::Vec3b>& palette,
                               const std::vector<unsigned char>& alpha = {});

/// A TIFF of the samples as they are; tags (libtiff's numbers) override what the matrix implies.
/// The tag kGdalNoData becomes text, TIFFTAG_COLORMAP a palette of which position 1 is (100, 0,
/// 255). With TIFFTAG_TILEWIDTH and TIFFTAG_TILELENGTH it is tiled; TIFFTAG_EXTRASAMPLES may come
/// once a band.
inline constexpr std::uint32_t kGdalNoData = 42113;
std::string encode_tiff(const cv::Mat& samples,
                        const std::vector<std::pair<std::uint32_t, int>>& tags = {});

/// Lossless, RGB or RGBA by the number of channels.
std::string encode_webp(const cv::Mat& pixels);

/// Overwrites `size` bytes with a little-endian number.
void put(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size);

/// The largest difference between two values at the same place.
double largest_difference(const cv::Mat& a, const cv::Mat& b);

}  // namespace transfer
