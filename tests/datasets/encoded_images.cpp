#include "tests/datasets/encoded_images.h"

#include <png.h>
#include <tiffio.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <stdexcept>

#include "core/atomic_file.h"
#include "tests/datasets/temporary_folder.h"

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

namespace transfer {
namespace {

void append_to_string(png_structp png, png_bytep data, std::size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(data), size);
}

/// Writes rows as they are, after `describe` has set the header.
template <typename Describe>
std::string write_png_rows(const cv::Mat& rows, Describe describe) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append_to_string, nullptr);
  describe(png, info);
  png_write_info(png, info);
  if (rows.depth() == CV_16U) png_set_swap(png);
  if (png_get_bit_depth(png, info) < 8) png_set_packing(png);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < rows.rows; ++y) pointers.push_back(const_cast<png_bytep>(rows.ptr(y)));
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string encode_bmp(const cv::Mat& rgb) {
  const std::size_t pitch = (static_cast<std::size_t>(rgb.cols) * 3 + 3) / 4 * 4;
  const std::size_t size = pitch * static_cast<std::size_t>(rgb.rows);
  std::string bytes(54 + size, '\0');
  bytes.replace(0, 2, "BM");
  put(bytes, 2, bytes.size(), 4);
  put(bytes, 10, 54, 4);
  put(bytes, 14, 40, 4);
  put(bytes, 18, static_cast<std::uint64_t>(rgb.cols), 4);
  put(bytes, 22, static_cast<std::uint64_t>(rgb.rows), 4);
  put(bytes, 26, 1, 2);
  put(bytes, 28, 24, 2);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        bytes[54 + static_cast<std::size_t>(rgb.rows - 1 - y) * pitch +
              static_cast<std::size_t>(3 * x + 2 - c)] =
            static_cast<char>(rgb.at<cv::Vec3b>(y, x)[c]);
      }
    }
  }
  return bytes;
}

/// Takes what an encoder allocated.
std::string take(std::uint8_t* bytes, std::size_t size, void (*release)(void*)) {
  std::string result(reinterpret_cast<char*>(bytes), size);
  release(bytes);
  return result;
}

int sample_format(int depth) {
  if (depth == CV_32F || depth == CV_64F) return SAMPLEFORMAT_IEEEFP;
  return depth == CV_8U || depth == CV_16U ? SAMPLEFORMAT_UINT : SAMPLEFORMAT_INT;
}

void write_tiles(TIFF* tiff, const cv::Mat& samples, std::uint32_t width, std::uint32_t height) {
  for (int y = 0; y < samples.rows; y += static_cast<int>(height)) {
    for (int x = 0; x < samples.cols; x += static_cast<int>(width)) {
      cv::Mat tile =
          cv::Mat::zeros(static_cast<int>(height), static_cast<int>(width), samples.type());
      const cv::Rect part =
          cv::Rect(x, y, tile.cols, tile.rows) & cv::Rect(0, 0, samples.cols, samples.rows);
      samples(part).copyTo(tile(cv::Rect(0, 0, part.width, part.height)));
      TIFFWriteTile(tiff, tile.data, static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y),
                    0, 0);
    }
  }
}

}  // namespace

cv::Mat gradient(int width, int height, int seed) {
  cv::Mat image(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at<cv::Vec3b>(y, x) = {static_cast<unsigned char>(255 * x / width),
                                   static_cast<unsigned char>(255 * y / height),
                                   static_cast<unsigned char>((seed * 37) & 255)};
    }
  }
  return image;
}

std::string encode(const cv::Mat& rgb, const std::string& ending) {
  if (ending == ".jpg") return encode_jpeg(rgb);
  if (ending == ".png") return encode_png(rgb);
  if (ending == ".bmp") return encode_bmp(rgb);
  if (ending == ".tiff") return encode_tiff(rgb, {{TIFFTAG_COMPRESSION, COMPRESSION_LZW}});
  if (ending == ".webp") {
    std::uint8_t* bytes = nullptr;
    const std::size_t size = WebPEncodeRGB(rgb.data, rgb.cols, rgb.rows, static_cast<int>(rgb.step),
                                           /*quality=*/95, &bytes);
    return take(bytes, size, WebPFree);
  }
  throw std::invalid_argument(ending);
}

std::string encode_jpeg(const cv::Mat& pixels, const JpegOptions& options) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(pixels.cols);
  info.image_height = static_cast<JDIMENSION>(pixels.rows);
  info.input_components = pixels.channels();
  info.in_color_space = pixels.channels() == 1   ? JCS_GRAYSCALE
                        : pixels.channels() == 3 ? JCS_RGB
                                                 : JCS_CMYK;
  jpeg_set_defaults(&info);
  if (options.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
  info.write_Adobe_marker = pixels.channels() == 4 && options.adobe_marker ? TRUE : FALSE;
  jpeg_set_quality(&info, 95, TRUE);
  if (options.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < pixels.rows; ++y) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.ptr(y));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return take(bytes, size, std::free);
}

std::string encode_png(const cv::Mat& pixels, bool interlaced) {
  return write_png_rows(pixels, [&](png_structp png, png_infop info) {
    constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.cols),
                 static_cast<png_uint_32>(pixels.rows), pixels.depth() == CV_16U ? 16 : 8,
                 kColours[pixels.channels() - 1],
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  });
}

std::string encode_palette_png(const cv::Mat& indices, int bits,
                               const std::vector<cv::Vec3b>& palette,
                               const std::vector<unsigned char>& alpha) {
  return write_png_rows(indices, [&](png_structp png, png_infop info) {
    png_set_IHDR(png, info, static_cast<png_uint_32>(indices.cols),
                 static_cast<png_uint_32>(indices.rows), bits, PNG_COLOR_TYPE_PALETTE,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    std::vector<png_color> colours;
    for (const cv::Vec3b& colour : palette) colours.push_back({colour[0], colour[1], colour[2]});
    png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
    if (!alpha.empty()) {
      png_set_tRNS(png, info, alpha.data(), static_cast<int>(alpha.size()), nullptr);
    }
  });
}

std::string encode_tiff(const cv::Mat& samples,
                        const std::vector<std::pair<std::uint32_t, int>>& tags) {
  const TemporaryFolder folder;
  const std::string file = folder / "image.tiff";
  TIFF* tiff = TIFFOpen(file.c_str(), "w");
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, samples.cols);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, samples.rows);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples.channels());
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(samples.elemSize1() * 8));
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT, sample_format(samples.depth()));
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
               samples.channels() < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  std::uint32_t tile_width = 0;
  std::uint32_t tile_height = 0;
  std::vector<std::uint16_t> extra_samples;
  for (const auto& [tag, value] : tags) {
    if (tag == TIFFTAG_EXTRASAMPLES) {
      extra_samples.push_back(static_cast<std::uint16_t>(value));
      continue;
    }
    if (tag == TIFFTAG_COLORMAP) {
      std::uint16_t map[3][256] = {{0, 100 * 257}, {0, 0}, {0, 255 * 257}};
      TIFFSetField(tiff, tag, map[0], map[1], map[2]);
      continue;
    }
    if (tag == kGdalNoData) {
      char name[] = "GDAL_NODATA";
      const TIFFFieldInfo info{kGdalNoData, -1, -1, TIFF_ASCII, FIELD_CUSTOM, 1, 0, name};
      TIFFMergeFieldInfo(tiff, &info, 1);
      TIFFSetField(tiff, tag, std::to_string(value).c_str());
      continue;
    }
    if (tag == TIFFTAG_SMINSAMPLEVALUE || tag == TIFFTAG_SMAXSAMPLEVALUE) {
      TIFFSetField(tiff, tag, static_cast<double>(value));
      continue;
    }
    TIFFSetField(tiff, tag, value);
    if (tag == TIFFTAG_TILEWIDTH) tile_width = static_cast<std::uint32_t>(value);
    if (tag == TIFFTAG_TILELENGTH) tile_height = static_cast<std::uint32_t>(value);
  }
  if (!extra_samples.empty()) {
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, static_cast<int>(extra_samples.size()),
                 extra_samples.data());
  }
  std::uint16_t planes = PLANARCONFIG_CONTIG;
  TIFFGetField(tiff, TIFFTAG_PLANARCONFIG, &planes);
  if (tile_width > 0) {
    write_tiles(tiff, samples, tile_width, tile_height);
  } else if (planes == PLANARCONFIG_SEPARATE) {
    for (int c = 0; c < samples.channels(); ++c) {
      cv::Mat plane;
      cv::extractChannel(samples, plane, c);
      for (int y = 0; y < plane.rows; ++y) {
        TIFFWriteScanline(tiff, plane.ptr(y), static_cast<std::uint32_t>(y),
                          static_cast<std::uint16_t>(c));
      }
    }
  } else {
    for (int y = 0; y < samples.rows; ++y) {
      cv::Mat row = samples.row(y).clone();
      TIFFWriteScanline(tiff, row.data, static_cast<std::uint32_t>(y), 0);
    }
  }
  TIFFClose(tiff);
  return read_file(file);
}

std::string encode_webp(const cv::Mat& pixels) {
  std::uint8_t* bytes = nullptr;
  const auto encode_lossless =
      pixels.channels() == 4 ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB;
  const std::size_t size =
      encode_lossless(pixels.data, pixels.cols, pixels.rows, static_cast<int>(pixels.step), &bytes);
  return take(bytes, size, WebPFree);
}

void put(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes[offset + i] = static_cast<char>((value >> (8 * i)) & 255);
  }
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

}  // namespace transfer
