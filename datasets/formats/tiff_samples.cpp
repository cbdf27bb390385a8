#include "datasets/formats/tiff_samples.h"

#include <algorithm>
#include <memory>
#include <opencv2/core.hpp>

namespace transfer {
namespace {

/// The part of an image that is compressed as one: a strip or a tile.
struct TiffBlock {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::size_t row_size = 0;
  std::size_t size = 0;
};

TiffBlock block_of(const TiffFile& file, const TiffLayout& layout) {
  TIFF* tiff = file.get();
  if (TIFFIsTiled(tiff) != 0) {
    return {file.field<std::uint32_t>(TIFFTAG_TILEWIDTH, 0),
            file.field<std::uint32_t>(TIFFTAG_TILELENGTH, 0),
            static_cast<std::size_t>(TIFFTileRowSize(tiff)),
            static_cast<std::size_t>(TIFFTileSize(tiff))};
  }
  const auto rows = file.field<std::uint32_t>(TIFFTAG_ROWSPERSTRIP, layout.height);
  return {layout.width, std::min(rows, layout.height),
          static_cast<std::size_t>(TIFFScanlineSize(tiff)),
          static_cast<std::size_t>(TIFFStripSize(tiff))};
}

/// Whether the block's numbers fit together, so that reading it stays inside its memory.
bool is_sound(const TiffBlock& block, const TiffLayout& layout, int channels) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  if (block.width == 0 || block.height == 0 || block.size > kMostBytes) return false;
  const std::size_t row_bits =
      std::size_t{block.width} * layout.bits * static_cast<std::size_t>(channels);
  return block.row_size >= (row_bits + 7) / 8 && block.size / block.row_size >= block.height;
}

/// Unpacks numbers of 10 to 14 bits, the highest bit first.
void unpack_row(const unsigned char* in, int bits, int count, std::uint16_t* out) {
  std::uint32_t buffer = 0;
  int held = 0;
  for (int i = 0; i < count; ++i) {
    for (; held < bits; held += 8) buffer = buffer << 8 | *in++;
    held -= bits;
    const std::uint32_t value = buffer >> held & ((1U << bits) - 1);
    out[i] = static_cast<std::uint16_t>(value << (16 - bits));
  }
}

/// The block's first rows and columns as an image, which may share the block's memory.
cv::Mat block_pixels(unsigned char* bytes, const TiffBlock& block, const TiffLayout& layout,
                     cv::Size size, int type) {
  const bool is_packed = layout.bits % 8 != 0;
  if (!is_packed) return {size, type, bytes, block.row_size};
  cv::Mat unpacked(size, type);
  for (int y = 0; y < size.height; ++y) {
    unpack_row(bytes + static_cast<std::size_t>(y) * block.row_size, layout.bits,
               size.width * unpacked.channels(), unpacked.ptr<std::uint16_t>(y));
  }
  return unpacked;
}

void read_block(const TiffFile& file, const TiffBlock& block, std::uint32_t x, std::uint32_t y,
                std::uint16_t plane, unsigned char* bytes, std::uint32_t rows) {
  TIFF* tiff = file.get();
  const auto size = static_cast<tmsize_t>(block.size);
  const tmsize_t read =
      TIFFIsTiled(tiff) != 0
          ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), bytes, size)
          : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, plane), bytes, size);
  if (read < static_cast<tmsize_t>(rows * block.row_size)) throw file.broken();
}

}  // namespace

TiffLayout tiff_layout(const TiffFile& file) {
  TiffLayout layout;
  layout.width = file.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  layout.height = file.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  layout.bits = file.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = file.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.format = file.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  layout.colours = file.field<std::uint16_t>(
      TIFFTAG_PHOTOMETRIC, layout.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  layout.compression = file.field<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  layout.orientation = file.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  layout.has_planes =
      file.field<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.is_inverted = layout.colours == PHOTOMETRIC_MINISWHITE;
  std::uint16_t extra = 0;
  std::uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(file.get(), TIFFTAG_EXTRASAMPLES, &extra, &kinds);
  layout.is_premultiplied = extra > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  return layout;
}

std::optional<int> tiff_sample_depth(const TiffLayout& layout) {
  const bool is_grey =
      layout.colours == PHOTOMETRIC_MINISWHITE || layout.colours == PHOTOMETRIC_MINISBLACK;
  if (is_grey ? layout.samples != 1
              : layout.colours != PHOTOMETRIC_RGB || layout.samples < 3 || layout.samples > 4) {
    return std::nullopt;
  }
  const int bits = layout.bits;
  if (layout.format == SAMPLEFORMAT_IEEEFP) {
    if (bits == 32) return CV_32F;
    if (bits == 64) return CV_64F;
  } else if (layout.format == SAMPLEFORMAT_INT) {
    if (bits == 8) return CV_8S;
    if (bits == 16) return CV_16S;
    if (bits == 32) return CV_32S;
  } else if (layout.format == SAMPLEFORMAT_COMPLEXINT ||
             layout.format == SAMPLEFORMAT_COMPLEXIEEEFP) {
    return std::nullopt;
  } else if (bits == 10 || bits == 12 || bits == 14 || bits == 16) {
    return CV_16U;
  }
  return std::nullopt;
}

cv::Mat read_tiff_samples(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout,
                          int depth) {
  const TiffBlock block = block_of(file, layout);
  const int channels = layout.has_planes ? 1 : layout.samples;
  if (!is_sound(block, layout, channels)) {
    throw broken_image(image, "the TIFF is damaged (its strips or tiles do not fit the image)");
  }
  cv::Mat samples(static_cast<int>(layout.height), static_cast<int>(layout.width),
                  CV_MAKETYPE(depth, layout.samples));
  const auto bytes = std::make_unique_for_overwrite<unsigned char[]>(block.size);
  for (std::uint16_t plane = 0; plane < layout.samples / channels; ++plane) {
    for (std::uint32_t y = 0; y < layout.height; y += block.height) {
      for (std::uint32_t x = 0; x < layout.width; x += block.width) {
        const std::uint32_t rows = std::min(block.height, layout.height - y);
        const std::uint32_t columns = std::min(block.width, layout.width - x);
        read_block(file, block, x, y, plane, bytes.get(), rows);
        const cv::Rect place(static_cast<int>(x), static_cast<int>(y), static_cast<int>(columns),
                             static_cast<int>(rows));
        const cv::Mat pixels =
            block_pixels(bytes.get(), block, layout, place.size(), CV_MAKETYPE(depth, channels));
        cv::Mat target = samples(place);
        if (channels == layout.samples) {
          pixels.copyTo(target);
        } else {
          cv::insertChannel(pixels, target, plane);
        }
      }
    }
  }
  return samples;
}

}  // namespace transfer
