#include "datasets/formats/gif_decoder.h"

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "datasets/formats/number_reader.h"

namespace transfer {
namespace {

constexpr int kMostCodes = 4096;
constexpr int kMostCodeSize = 11;

using GifPalette = std::array<cv::Vec3b, 256>;

/// One image of a GIF.
struct GifFrame {
  cv::Rect place;
  bool is_interlaced = false;
  GifPalette palette{};
  /// Position in the palette; −1 where every colour is opaque.
  int transparent = -1;
  int code_size = 0;
  /// The compressed positions in the palette.
  std::string codes;
};

/// Walks through a GIF's blocks.
class GifBlocks {
 public:
  explicit GifBlocks(const EncodedImage& image) : image_(image) {
    constexpr std::size_t kScreenAt = 6;
    canvas_ = {number(kScreenAt, 2), number(kScreenAt + 2, 2)};
    position_ = 13;
    read_palette(number(kScreenAt + 4, 1), palette_);
  }

  cv::Size canvas() const { return canvas_; }

  /// The next image; nothing at the end. Throws DataError where the file ends before that.
  std::optional<GifFrame> next() {
    constexpr int kExtension = 0x21;
    constexpr int kImage = 0x2C;
    constexpr int kEnd = 0x3B;
    int transparent = -1;
    while (true) {
      const int kind = take(1);
      if (kind == kEnd) return std::nullopt;
      if (kind == kImage) return read_frame(transparent);
      if (kind != kExtension) throw broken_image(image_, "the GIF is damaged (an unknown block)");
      constexpr int kGraphicControl = 0xF9;
      const bool is_control = take(1) == kGraphicControl;
      const std::string data = sub_blocks();
      if (is_control && data.size() >= 4) {
        transparent = (data[0] & 1) != 0 ? static_cast<unsigned char>(data[3]) : -1;
      }
    }
  }

 private:
  int number(std::size_t offset, std::size_t size) const {
    const auto value = NumberReader{image_.bytes, /*little_endian=*/true}.read(offset, size);
    if (!value) throw broken_image(image_, "the GIF ends early");
    return static_cast<int>(*value);
  }
  int take(std::size_t size) {
    const int value = number(position_, size);
    position_ += size;
    return value;
  }

  void read_palette(int flags, GifPalette& palette) {
    if ((flags & 0x80) == 0) return;
    has_palette_ = true;
    const int count = 2 << (flags & 7);
    for (int i = 0; i < count; ++i) {
      for (int c = 0; c < 3; ++c) {
        palette[static_cast<std::size_t>(i)][c] = static_cast<unsigned char>(take(1));
      }
    }
  }

  std::string sub_blocks() {
    std::string data;
    while (const auto size = static_cast<std::size_t>(take(1))) {
      number(position_ + size - 1, 1);  // throws where the block is cut
      data += image_.bytes.substr(position_, size);
      position_ += size;
    }
    return data;
  }

  GifFrame read_frame(int transparent) {
    GifFrame frame;
    frame.transparent = transparent;
    frame.place.x = take(2);
    frame.place.y = take(2);
    frame.place.width = take(2);
    frame.place.height = take(2);
    const int flags = take(1);
    frame.is_interlaced = (flags & 0x40) != 0;
    frame.palette = palette_;
    read_palette(flags, frame.palette);
    if (!has_palette_) throw broken_image(image_, "the GIF has no palette");
    frame.code_size = take(1);
    frame.codes = sub_blocks();
    return frame;
  }

  const EncodedImage& image_;
  std::size_t position_ = 0;
  cv::Size canvas_;
  GifPalette palette_{};
  bool has_palette_ = false;
};

/// Decompresses codes of growing size, the lowest bit first. REQUIRES: `code_size` is 1 to 11.
class GifCodes {
 public:
  GifCodes(std::string_view bytes, int code_size) : bytes_(bytes), clear_(1 << code_size) {
    for (int i = 0; i < clear_; ++i) last_[index(i)] = first_[index(i)] = narrow(i);
    start_again();
  }

  /// At most `count` positions in the palette; fewer where the codes end or are damaged.
  std::vector<unsigned char> unpack(std::size_t count) {
    std::vector<unsigned char> values;
    values.reserve(count);
    int previous = -1;
    while (values.size() < count) {
      const int code = next_code();
      if (code < 0 || code == clear_ + 1) break;
      if (code == clear_) {
        start_again();
        previous = -1;
        continue;
      }
      if (code > next_ || (code == next_ && previous < 0) || (previous < 0 && code >= clear_))
        break;
      // A code that is only about to be known repeats the last run and its first value.
      if (previous >= 0) learn(previous, first_[index(code == next_ ? previous : code)]);
      append(code, values);
      previous = code;
    }
    values.resize(std::min(values.size(), count));
    return values;
  }

 private:
  static std::size_t index(int code) { return static_cast<std::size_t>(code); }
  static unsigned char narrow(int value) { return static_cast<unsigned char>(value); }

  void start_again() {
    next_ = clear_ + 2;
    bits_ = 2;
    while (1 << bits_ < next_) ++bits_;
  }

  int next_code() {
    for (; held_ < bits_; held_ += 8) {
      if (at_ >= bytes_.size()) return -1;
      buffer_ |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[at_++])) << held_;
    }
    const int code = static_cast<int>(buffer_ & ((1U << bits_) - 1));
    buffer_ >>= bits_;
    held_ -= bits_;
    return code;
  }

  void learn(int previous, unsigned char value) {
    if (next_ >= kMostCodes) return;
    before_[index(next_)] = previous;
    last_[index(next_)] = value;
    first_[index(next_)] = first_[index(previous)];
    ++next_;
    if (next_ == 1 << bits_ && bits_ < 12) ++bits_;
  }

  void append(int code, std::vector<unsigned char>& values) const {
    const std::size_t begin = values.size();
    for (; code >= clear_; code = before_[index(code)]) values.push_back(last_[index(code)]);
    values.push_back(last_[index(code)]);
    std::reverse(values.begin() + static_cast<std::ptrdiff_t>(begin), values.end());
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::uint32_t buffer_ = 0;
  int held_ = 0;
  int bits_ = 0;
  /// The code that empties the dictionary; the one after it ends the image.
  int clear_;
  int next_ = 0;
  /// For every code the run that it prolongs, and its last and first values.
  std::array<int, kMostCodes> before_{};
  std::array<unsigned char, kMostCodes> last_{};
  std::array<unsigned char, kMostCodes> first_{};
};

/// The rows of an image in the order in which they are stored.
std::vector<int> stored_rows(const GifFrame& frame) {
  struct Pass {
    int first;
    int step;
  };
  constexpr Pass kInterlaced[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  std::vector<int> rows;
  for (const Pass& pass : kInterlaced) {
    const Pass used = frame.is_interlaced ? pass : Pass{0, 1};
    for (int y = used.first; y < frame.place.height; y += used.step) rows.push_back(y);
    if (!frame.is_interlaced) break;
  }
  return rows;
}

/// Whether every pixel has the transparent colour.
bool has_only_transparent_pixels(const EncodedImage& image, const GifFrame& frame) {
  if (frame.transparent < 0 || frame.code_size < 1 || frame.code_size > kMostCodeSize) return false;
  require_sensible_size(image, static_cast<std::uint64_t>(frame.place.width),
                        static_cast<std::uint64_t>(frame.place.height));
  const auto count = static_cast<std::size_t>(frame.place.area());
  const auto values = GifCodes(frame.codes, frame.code_size).unpack(count);
  return values.size() == count && std::all_of(values.begin(), values.end(), [&](int value) {
           return value == frame.transparent;
         });
}

}  // namespace

cv::Mat decode_gif(const EncodedImage& image) {
  GifBlocks blocks(image);
  const auto frame = blocks.next();
  if (!frame) throw broken_image(image, "the GIF holds no image");
  const cv::Size canvas(std::max(blocks.canvas().width, frame->place.br().x),
                        std::max(blocks.canvas().height, frame->place.br().y));
  require_sensible_size(image, static_cast<std::uint64_t>(frame->place.width),
                        static_cast<std::uint64_t>(frame->place.height));
  require_sensible_size(image, static_cast<std::uint64_t>(canvas.width),
                        static_cast<std::uint64_t>(canvas.height));
  if (frame->code_size < 1 || frame->code_size > kMostCodeSize) {
    throw broken_image(image, "the GIF is damaged (an unknown size of codes)");
  }
  const auto count =
      static_cast<std::size_t>(frame->place.width) * static_cast<std::size_t>(frame->place.height);
  const auto values = GifCodes(frame->codes, frame->code_size).unpack(count);
  if (values.size() < count) throw broken_image(image, "the GIF is damaged or ends early");
  cv::Mat rgb(canvas, CV_8UC3, cv::Scalar::all(255));
  const unsigned char* value = values.data();
  for (const int y : stored_rows(*frame)) {
    auto* out = rgb.ptr<cv::Vec3b>(frame->place.y + y) + frame->place.x;
    for (int x = 0; x < frame->place.width; ++x, ++value) {
      if (*value != frame->transparent) out[x] = frame->palette[*value];
    }
  }
  return rgb;
}

SampleTraits gif_traits(const EncodedImage& image) {
  SampleTraits traits;
  traits.images = 0;
  GifBlocks blocks(image);
  try {
    while (const auto frame = blocks.next()) {
      if (traits.images++ == 0) traits.is_transparent = has_only_transparent_pixels(image, *frame);
    }
  } catch (const DataError&) {
    // Only the first image is read, so that what comes after it need not be whole.
  }
  return traits;
}

}  // namespace transfer
