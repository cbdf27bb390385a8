#include "datasets/formats/tiff_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
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

/// Unpacks numbers of up to 15 bits, the highest bit first.
void unpack_row(const unsigned char* in, int bits, int count, std::uint16_t* out) {
  std::uint32_t buffer = 0;
  int held = 0;
  for (int i = 0; i < count; ++i) {
    for (; held < bits; held += 8) buffer = buffer << 8 | *in++;
    held -= bits;
    out[i] = static_cast<std::uint16_t>(buffer >> held & ((1U << bits) - 1));
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

/// See TiffLayout.
std::uint16_t colour_samples(const TiffFile& file, const TiffLayout& layout) {
  std::uint16_t count = 0;
  switch (layout.colours) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK: count = 1; break;
    case PHOTOMETRIC_PALETTE:
      count = layout.bits == 8 && layout.format == SAMPLEFORMAT_UINT ? 1 : 0;
      break;
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB: count = 3; break;
    case PHOTOMETRIC_SEPARATED:
      count = file.field<std::uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK ? 4 : 0;
      break;
    default: break;
  }
  return layout.samples < count ? std::uint16_t{0} : count;
}

void add_alpha(const TiffFile& file, TiffLayout& layout) {
  std::uint16_t extra = 0;
  std::uint16_t* kinds = nullptr;
  if (layout.colour_samples == 0 ||
      TIFFGetField(file.get(), TIFFTAG_EXTRASAMPLES, &extra, &kinds) != 1) {
    return;
  }
  for (std::uint16_t i = 0; i < extra && layout.colour_samples + i < layout.samples; ++i) {
    if (kinds[i] != EXTRASAMPLE_ASSOCALPHA && kinds[i] != EXTRASAMPLE_UNASSALPHA) continue;
    layout.alpha = static_cast<std::uint16_t>(layout.colour_samples + i);
    layout.is_premultiplied = kinds[i] == EXTRASAMPLE_ASSOCALPHA;
    return;
  }
}

/// 32-bit numbers that were read as signed ones.
cv::Mat unsigned_numbers(const cv::Mat& samples) {
  cv::Mat numbers;
  samples.convertTo(numbers, CV_64F);
  const int width = numbers.cols * numbers.channels();
  for (int y = 0; y < numbers.rows; ++y) {
    auto* row = numbers.ptr<double>(y);
    for (int i = 0; i < width; ++i) row[i] += row[i] < 0 ? 4294967296.0 : 0.0;
  }
  return numbers;
}

/// Bytes that a pixel takes when it is decoded: more than as it is stored where OpenCV has no such
/// numbers.
std::uint64_t sample_bytes(const TiffLayout& layout, int depth) {
  const bool becomes_double = depth == CV_32S && layout.format == SAMPLEFORMAT_UINT;
  const int decoded = becomes_double ? CV_64F : depth == CV_16F ? CV_32F : depth;
  return std::uint64_t{layout.samples} * CV_ELEM_SIZE1(decoded);
}

}  // namespace

namespace {

/// See TiffLayout.
void add_value_tags(const TiffFile& file, TiffLayout& layout) {
  std::uint16_t word = 0;
  if (TIFFGetField(file.get(), TIFFTAG_MINSAMPLEVALUE, &word) == 1) layout.smallest = word;
  if (TIFFGetField(file.get(), TIFFTAG_MAXSAMPLEVALUE, &word) == 1) layout.largest = word;
  SampleRange stated;
  if (TIFFGetField(file.get(), TIFFTAG_SMINSAMPLEVALUE, &stated.black) == 1 &&
      TIFFGetField(file.get(), TIFFTAG_SMAXSAMPLEVALUE, &stated.white) == 1 &&
      std::isfinite(stated.black) && std::isfinite(stated.white) && stated.black < stated.white) {
    layout.stated = stated;
  }
  // libtiff does not know GDAL's tag, and gives a tag of text with its length.
  constexpr std::uint32_t kGdalNoData = 42113;
  constexpr std::uint16_t kBitsOfFloat = 32;
  std::uint32_t length = 0;
  const char* text = nullptr;
  const TIFFField* tag = TIFFFindField(file.get(), kGdalNoData, TIFF_ASCII);
  if (tag == nullptr || TIFFFieldPassCount(tag) == 0 ||
      TIFFGetField(file.get(), kGdalNoData, &length, &text) != 1 || text == nullptr) {
    return;
  }
  const char* const end = std::find(text, text + length, '\0');
  const char* const begin = std::find_if(text, end, [](char c) { return c != ' '; });
  double missing = 0;
  if (std::from_chars(begin, end, missing).ec != std::errc()) return;
  const bool is_float = layout.format == SAMPLEFORMAT_IEEEFP && layout.bits <= kBitsOfFloat;
  if (is_float && std::abs(missing) > std::numeric_limits<float>::max()) return;
  layout.missing = is_float ? static_cast<double>(static_cast<float>(missing)) : missing;
}

/// Whether libtiff's conversion does not do all that the tags of 8-bit samples ask for.
bool needs_own_conversion(const TiffLayout& layout) {
  if (layout.bits != 8) return false;
  if (layout.colours == PHOTOMETRIC_PALETTE) return layout.alpha.has_value();
  constexpr std::uint16_t kMostOf8Bits = 255;
  return (layout.largest && *layout.largest < kMostOf8Bits) ||
         (layout.missing && *layout.missing > 0);
}

}  // namespace

void require_supported_compression(const EncodedImage& image, const TiffLayout& layout) {
  if (layout.compression != COMPRESSION_JBIG && TIFFIsCODECConfigured(layout.compression) != 0) {
    return;
  }
  const auto name = [&]() -> std::string_view {
    switch (layout.compression) {
      case COMPRESSION_JBIG: return " (JBIG)";
      case 33003:
      case 33004:
      case 33005:
      case 33007:
      case 34712: return " (JPEG 2000)";
      case 50002:
      case 52546: return " (JPEG XL)";
      case 34933:
      case 34934: return " (PNG)";
      case 22610: return " (JPEG XR)";
      default: return "";
    }
  }();
  throw broken_image(image, fmt::format("a TIFF of compression {}{} is not supported; save it with "
                                        "another compression, such as LZW",
                                        layout.compression, name));
}

TiffLayout tiff_layout(const TiffFile& file) {
  TiffLayout layout;
  layout.width = file.field<std::uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  layout.height = file.field<std::uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  layout.bits = file.field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = file.field<std::uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.format = file.field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (layout.format == SAMPLEFORMAT_VOID) layout.format = SAMPLEFORMAT_UINT;
  layout.colours = file.field<std::uint16_t>(
      TIFFTAG_PHOTOMETRIC, layout.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  layout.compression = file.field<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  layout.orientation = file.field<std::uint16_t>(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  layout.has_planes =
      file.field<std::uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.is_inverted = layout.colours == PHOTOMETRIC_MINISWHITE;
  layout.colour_samples = colour_samples(file, layout);
  add_alpha(file, layout);
  add_value_tags(file, layout);
  return layout;
}

std::optional<int> tiff_sample_depth(const TiffLayout& layout) {
  if (layout.colour_samples == 0 || layout.samples > CV_CN_MAX) return std::nullopt;
  const bool is_lab = layout.colours == PHOTOMETRIC_CIELAB || layout.colours == PHOTOMETRIC_ICCLAB;
  const bool is_cmyk = layout.colours == PHOTOMETRIC_SEPARATED;
  const int bits = layout.bits;
  if (is_lab) {
    if (bits == 8) return CV_8U;
    return bits == 16 ? std::optional(CV_16U) : std::nullopt;
  }
  if (layout.format == SAMPLEFORMAT_UINT) {
    const bool is_left_to_libtiff =
        bits <= 8 && layout.ignored_bands() == 0 && !is_cmyk && !needs_own_conversion(layout);
    if (bits == 0 || is_left_to_libtiff) return std::nullopt;
    if (bits == 8) return CV_8U;
    if (bits <= 16) return CV_16U;
    return bits == 32 && !is_cmyk ? std::optional(CV_32S) : std::nullopt;
  }
  if (is_cmyk) return std::nullopt;
  if (layout.format == SAMPLEFORMAT_IEEEFP) {
    if (bits == 16) return CV_16F;
    if (bits == 32) return CV_32F;
    if (bits == 64) return CV_64F;
  } else if (layout.format == SAMPLEFORMAT_INT) {
    if (bits == 8) return CV_8S;
    if (bits == 16) return CV_16S;
    if (bits == 32) return CV_32S;
  }
  return std::nullopt;
}

cv::Mat read_tiff_samples(const EncodedImage& image, const TiffFile& file, const TiffLayout& layout,
                          int depth) {
  require_sensible_size(image, layout.width, layout.height, sample_bytes(layout, depth));
  const TiffBlock block = block_of(file, layout);
  const int channels = layout.has_planes ? 1 : layout.samples;
  if (!is_sound(block, layout, channels)) {
    throw broken_image(image, "the TIFF is damaged (its strips or tiles do not fit the image)");
  }
  // A tile is read whole, however little of it the image needs.
  require_sensible_size(image, block.width, block.height, /*bytes_per_pixel=*/1, block.size);
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
  if (depth == CV_32S && layout.format == SAMPLEFORMAT_UINT) return unsigned_numbers(samples);
  if (depth == CV_16F) samples.convertTo(samples, CV_32F);
  return samples;
}

}  // namespace transfer
