#include "datasets/formats/bmp_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <optional>

#include "datasets/formats/number_reader.h"
#include "datasets/formats/transparency.h"

namespace transfer {
namespace {

constexpr std::uint64_t kFileHeaderSize = 14;
constexpr std::uint64_t kOs2HeaderSize = 12;

enum class BmpCompression : std::uint64_t { kNone = 0, kRle8 = 1, kRle4 = 2, kMasks = 3 };

struct BmpHeader {
  /// Where the pixels start in the file.
  std::uint64_t pixels_at = 0;
  int width = 0;
  int height = 0;
  bool is_top_down = false;
  std::uint64_t bits = 0;
  BmpCompression compression = BmpCompression::kNone;
  /// Which bits of a pixel are red, green, blue and alpha, for 16 and 32 bits.
  std::array<std::uint32_t, 4> masks{};
  /// RGB, for up to 8 bits.
  std::array<cv::Vec3b, 256> palette{};
};

/// Reads little-endian numbers; throws where the file ends before they do.
class BmpBytes {
 public:
  explicit BmpBytes(const EncodedImage& image) : image_(image) {}

  std::uint64_t number(std::uint64_t offset, std::size_t size) const {
    const auto value = NumberReader{image_.bytes, /*little_endian=*/true}.read(offset, size);
    if (!value) throw broken("the BMP ends early");
    return *value;
  }
  std::int64_t signed_number(std::uint64_t offset) const {
    return static_cast<std::int32_t>(number(offset, 4));
  }
  /// The bytes from `offset` on; throws where there are fewer than `size`.
  const unsigned char* bytes(std::uint64_t offset, std::uint64_t size) const {
    if (offset > image_.bytes.size() || image_.bytes.size() - offset < size) {
      throw broken("the BMP ends early");
    }
    return reinterpret_cast<const unsigned char*>(image_.bytes.data()) + offset;
  }
  DataError broken(std::string_view reason) const { return broken_image(image_, reason); }

 private:
  const EncodedImage& image_;
};

void read_palette(const BmpBytes& file, std::uint64_t header_size, BmpHeader& header) {
  const bool is_os2 = header_size == kOs2HeaderSize;
  const std::uint64_t stored = is_os2 ? 0 : file.number(46, 4);
  const std::uint64_t entries = stored == 0 ? std::uint64_t{1} << header.bits : stored;
  if (entries > header.palette.size()) throw file.broken("the BMP's palette is damaged");
  const std::uint64_t entry_size = is_os2 ? 3 : 4;
  const auto* entry = file.bytes(kFileHeaderSize + header_size, entries * entry_size);
  for (std::uint64_t i = 0; i < entries; ++i, entry += entry_size) {
    header.palette[i] = {entry[2], entry[1], entry[0]};
  }
}

void read_masks(const BmpBytes& file, std::uint64_t header_size, BmpHeader& header) {
  header.masks = header.bits == 16
                     ? std::array<std::uint32_t, 4>{0x7C00, 0x03E0, 0x001F, 0}
                     : std::array<std::uint32_t, 4>{0x00FF0000, 0x0000FF00, 0x000000FF, 0};
  if (header.compression != BmpCompression::kMasks) return;
  // The masks follow the 40 bytes of the first header version; later ones include them, and alpha.
  const std::uint64_t count = header_size >= 56 ? 4 : 3;
  for (std::uint64_t i = 0; i < count; ++i) {
    header.masks[i] = static_cast<std::uint32_t>(file.number(54 + 4 * i, 4));
  }
}

bool is_known(std::uint64_t bits, BmpCompression compression) {
  switch (compression) {
    case BmpCompression::kNone:
      return bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
    case BmpCompression::kRle8: return bits == 8;
    case BmpCompression::kRle4: return bits == 4;
    case BmpCompression::kMasks: return bits == 16 || bits == 32;
  }
  return false;
}

BmpHeader read_header(const BmpBytes& file, const EncodedImage& image) {
  const std::uint64_t size = file.number(kFileHeaderSize, 4);
  const bool is_os2 = size == kOs2HeaderSize;
  if (!is_os2 && size < 40) {
    throw file.broken(fmt::format("the BMP has a header of an unknown kind ({} bytes)", size));
  }
  const std::int64_t width = is_os2 ? file.number(18, 2) : file.signed_number(18);
  const std::int64_t height = is_os2 ? file.number(20, 2) : file.signed_number(22);
  BmpHeader header;
  header.bits = file.number(is_os2 ? 24 : 28, 2);
  require_sensible_size(image, width < 0 ? 0 : static_cast<std::uint64_t>(width),
                        static_cast<std::uint64_t>(std::llabs(height)),
                        /*bytes_per_pixel=*/header.bits > 24 ? 4 : 3);
  header.pixels_at = file.number(10, 4);
  header.width = static_cast<int>(width);
  header.height = static_cast<int>(std::llabs(height));
  header.is_top_down = height < 0;
  if (!is_os2) header.compression = static_cast<BmpCompression>(file.number(30, 4));
  if (!is_known(header.bits, header.compression)) {
    throw file.broken(
        fmt::format("a BMP with {} bits per pixel and compression {} is not supported", header.bits,
                    static_cast<std::uint64_t>(header.compression)));
  }
  if (header.bits <= 8) {
    read_palette(file, size, header);
  } else if (header.bits != 24) {
    read_masks(file, size, header);
  }
  return header;
}

/// The row of the image that is stored as number `y`.
int image_row(const BmpHeader& header, int y) {
  return header.is_top_down ? y : header.height - 1 - y;
}

/// Calls read(bytes of the row, row of the image) for every row of an uncompressed image.
template <typename Read>
void for_each_row(const BmpBytes& file, const BmpHeader& header, Read read) {
  const std::uint64_t size = (static_cast<std::uint64_t>(header.width) * header.bits + 7) / 8;
  const std::uint64_t pitch = (size + 3) / 4 * 4;
  const auto last = static_cast<std::uint64_t>(header.height) - 1;
  const unsigned char* bytes = file.bytes(header.pixels_at, last * pitch + size);
  for (int y = 0; y < header.height; ++y, bytes += pitch) read(bytes, image_row(header, y));
}

/// Positions in the palette (CV_8UC1) of an uncompressed image.
cv::Mat read_indices(const BmpBytes& file, const BmpHeader& header) {
  const int bits = static_cast<int>(header.bits);
  const int per_byte = 8 / bits;
  cv::Mat indices(header.height, header.width, CV_8UC1);
  for_each_row(file, header, [&](const unsigned char* bytes, int row) {
    auto* out = indices.ptr(row);
    for (int x = 0; x < header.width; ++x) {
      const int shift = 8 - bits * (x % per_byte + 1);
      out[x] = static_cast<unsigned char>(bytes[x / per_byte] >> shift & ((1 << bits) - 1));
    }
  });
  return indices;
}

/// Decodes the run lengths of a 4-bit or 8-bit image to positions in the palette (CV_8UC1). Pixels
/// that no run covers take the palette's first colour.
class RunLengths {
 public:
  RunLengths(const BmpBytes& file, const BmpHeader& header)
      : file_(file),
        header_(header),
        position_(header.pixels_at),
        indices_(header.height, header.width, CV_8UC1, cv::Scalar(0)) {}

  cv::Mat read() {
    while (y_ < header_.height && !(y_ == header_.height - 1 && x_ == header_.width)) {
      const int count = next();
      const int value = next();
      if (count > 0) {
        put_run(count, value);
      } else if (value == 0) {
        x_ = 0;
        ++y_;
      } else if (value == 1) {
        break;
      } else if (value == 2) {
        // Beyond the row it does not matter how far.
        x_ = std::min(x_ + next(), header_.width + 1);
        y_ += next();
      } else {
        put_literals(value);
      }
    }
    return indices_;
  }

 private:
  int next() { return static_cast<int>(file_.number(position_++, 1)); }

  /// Makes room for `count` pixels. Some writers leave out the mark at the end of a full row.
  unsigned char* advance(int count) {
    if (x_ == header_.width) {
      x_ = 0;
      ++y_;
    }
    if (y_ >= header_.height || x_ + count > header_.width) {
      throw file_.broken("the BMP is damaged (a run leaves its row)");
    }
    unsigned char* at = indices_.ptr(image_row(header_, y_)) + x_;
    x_ += count;
    return at;
  }

  void put_run(int count, int value) {
    unsigned char* out = advance(count);
    const bool is_4_bit = header_.bits == 4;
    for (int i = 0; i < count; ++i) {
      out[i] = static_cast<unsigned char>(is_4_bit ? half(value, i) : value);
    }
  }

  void put_literals(int count) {
    unsigned char* out = advance(count);
    const bool is_4_bit = header_.bits == 4;
    const int size = is_4_bit ? (count + 1) / 2 : count;
    const auto* in = file_.bytes(position_, static_cast<std::uint64_t>(size));
    for (int i = 0; i < count; ++i) {
      out[i] = static_cast<unsigned char>(is_4_bit ? half(in[i / 2], i) : in[i]);
    }
    position_ += static_cast<std::uint64_t>((size + 1) / 2 * 2);
  }

  /// The upper four bits for even `i`, the lower ones for odd `i`.
  static int half(int byte, int i) { return i % 2 == 0 ? byte >> 4 : byte & 15; }

  const BmpBytes& file_;
  const BmpHeader& header_;
  std::uint64_t position_;
  cv::Mat indices_;
  int x_ = 0;
  int y_ = 0;
};

cv::Mat apply_palette(const cv::Mat& indices, const BmpHeader& header) {
  cv::Mat rgb(indices.size(), CV_8UC3);
  for (int y = 0; y < indices.rows; ++y) {
    const auto* in = indices.ptr(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < indices.cols; ++x) out[x] = header.palette[in[x]];
  }
  return rgb;
}

cv::Mat read_24_bit(const BmpBytes& file, const BmpHeader& header) {
  cv::Mat rgb(header.height, header.width, CV_8UC3);
  for_each_row(file, header, [&](const unsigned char* bytes, int row) {
    auto* out = rgb.ptr<cv::Vec3b>(row);
    for (int x = 0; x < header.width; ++x, bytes += 3) out[x] = {bytes[2], bytes[1], bytes[0]};
  });
  return rgb;
}

/// The bits of a pixel under a mask, scaled to 0–255; `otherwise` for an empty mask.
unsigned char masked_value(std::uint64_t pixel, std::uint32_t mask, unsigned char otherwise) {
  if (mask == 0) return otherwise;
  const int shift = std::countr_zero(mask);
  const std::uint64_t largest = mask >> shift;
  const std::uint64_t value = (pixel & mask) >> shift;
  return static_cast<unsigned char>((value * 255 + largest / 2) / largest);
}

/// 16 or 32 bits per pixel, as RGBA.
cv::Mat read_masked(const BmpBytes& file, const BmpHeader& header) {
  const std::size_t size = header.bits / 8;
  cv::Mat rgba(header.height, header.width, CV_8UC4);
  for_each_row(file, header, [&](const unsigned char* bytes, int row) {
    auto* out = rgba.ptr<cv::Vec4b>(row);
    for (int x = 0; x < header.width; ++x) {
      std::uint64_t pixel = 0;
      for (std::size_t i = 0; i < size; ++i) pixel |= std::uint64_t{*bytes++} << (8 * i);
      for (int c = 0; c < 4; ++c) {
        out[x][c] = masked_value(pixel, header.masks[static_cast<std::size_t>(c)],
                                 /*otherwise=*/c == 3 ? 255 : 0);
      }
    }
  });
  return rgba;
}

/// Whether no pixel is opaque at all: writers fill the bits of alpha with 0 when they do not use
/// it.
bool has_unused_alpha(const cv::Mat& rgba, const BmpHeader& header) {
  if (header.masks[3] == 0) return false;
  cv::Mat alpha;
  cv::extractChannel(rgba, alpha, 3);
  return cv::countNonZero(alpha) == 0;
}

}  // namespace

cv::Mat decode_bmp(const EncodedImage& image) {
  const BmpBytes file(image);
  const BmpHeader header = read_header(file, image);
  if (header.bits == 24) return read_24_bit(file, header);
  if (header.bits > 8) {
    cv::Mat rgba = read_masked(file, header);
    if (has_unused_alpha(rgba, header))
      cv::insertChannel(cv::Mat(rgba.size(), CV_8UC1, 255.0), rgba, 3);
    return blend_on_white(rgba);
  }
  return apply_palette(header.compression == BmpCompression::kNone
                           ? read_indices(file, header)
                           : RunLengths(file, header).read(),
                       header);
}

SampleTraits bmp_traits(const EncodedImage& image) {
  const BmpBytes file(image);
  const BmpHeader header = read_header(file, image);
  SampleTraits traits;
  traits.has_unused_alpha = (header.bits == 16 || header.bits == 32) &&
                            has_unused_alpha(read_masked(file, header), header);
  return traits;
}

bool is_plain_bmp(std::string_view start) {
  constexpr std::size_t kBitsAt = 28;
  if (start.size() <= kBitsAt) return false;
  const bool is_os2 = start[kFileHeaderSize] == static_cast<char>(kOs2HeaderSize);
  return is_os2 || (start[kBitsAt] != 16 && start[kBitsAt] != 32);
}

}  // namespace transfer
