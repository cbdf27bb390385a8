#include "datasets/formats/png_decoder.h"

#include <fmt/format.h>
#include <png.h>

#include <array>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <opencv2/core.hpp>
#include <string>

#include "datasets/formats/exif.h"
#include "datasets/formats/png_chunks.h"
#include "datasets/formats/transparency.h"

namespace transfer {
namespace {

/// Decompresses one PNG to RGB or RGBA, of 16 bits where the file has 16. libpng reports an error
/// through a callback that must not return, so it jumps. The two functions that call setjmp have no
/// variable with a destructor, so a jump skips none.
class PngReader {
 public:
  /// REQUIRES: `bytes` outlives the reader.
  explicit PngReader(std::string_view bytes) : rest_(bytes) {}
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// False on an error; see message().
  bool read_header() {
    if (setjmp(jump_) != 0) return false;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_ == nullptr) return false;
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) return false;
    png_set_read_fn(png_, this, read);
    png_read_info(png_, info_);
    ask_for_rgb();
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  /// Fills an image of width(), height() and channels(). False on an error; see message().
  bool read_pixels(cv::Mat& pixels) {
    if (setjmp(jump_) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (int y = 0; y < pixels.rows; ++y) png_read_row(png_, pixels.ptr(y), nullptr);
    }
    png_read_end(png_, nullptr);
    return true;
  }

  /// Takes compressed bytes few at a time, so that rows come out of a file that ends early.
  void read_in_small_pieces() { png_set_compression_buffer_size(png_, 16); }

  /// Whether an 8-bit pixel that is not transparent is among those that the bytes hold, which may
  /// end early. `row` has width() and channels(), all 0. REQUIRES: read_header().
  bool shows_opaque_pixel(cv::Mat& row) {
    if (setjmp(jump_) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (int y = 0; y < height(); ++y) {
        png_read_row(png_, row.ptr(), nullptr);
        const unsigned char* alpha = row.ptr() + 3;
        for (int x = 0; x < row.cols; ++x) {
          if (alpha[4 * x] != 0) return true;
        }
      }
    }
    return false;
  }

  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  /// After read_header() 3, or 4 with alpha.
  int channels() const { return png_get_channels(png_, info_); }
  bool has_16_bits() const { return png_get_bit_depth(png_, info_) == 16; }
  const char* message() const { return message_.data(); }

 private:
  void ask_for_rgb() {
    const int colour = png_get_color_type(png_, info_);
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if ((colour & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(png_);
    if (png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) png_set_tRNS_to_alpha(png_);
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::strncpy(reader->message_.data(), message, reader->message_.size() - 1);
    std::longjmp(reader->jump_, 1);
  }

  static void on_warning(png_structp, png_const_charp) {}

  static void read(png_structp png, png_bytep target, std::size_t size) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader->rest_.size()) png_error(png, "the file ends early");
    std::memcpy(target, reader->rest_.data(), size);
    reader->rest_.remove_prefix(size);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view rest_;
  int passes_ = 1;
  std::jmp_buf jump_{};
  std::array<char, 128> message_{"libpng cannot be started"};
};

/// The pixels, CV_8U or CV_16U with 3 channels, or 4 with alpha. Throws DataError.
cv::Mat read_png(const EncodedImage& image) {
  const std::string bytes = keep_image_chunks(image);
  PngReader reader(bytes);
  const auto require = [&](bool succeeded) {
    if (!succeeded) {
      throw broken_image(image, fmt::format("the PNG is damaged ({})", reader.message()));
    }
  };
  require(reader.read_header());
  const int type = CV_MAKETYPE(reader.has_16_bits() ? CV_16U : CV_8U, reader.channels());
  require_sensible_size(image, static_cast<std::uint64_t>(reader.width()),
                        static_cast<std::uint64_t>(reader.height()), CV_ELEM_SIZE(type));
  cv::Mat pixels(reader.height(), reader.width(), type);
  require(reader.read_pixels(pixels));
  return pixels;
}

/// What the colours of 16-bit pixels hold.
SampleTraits traits_of(const EncodedImage& image, const cv::Mat& pixels) {
  SampleTraits traits;
  traits.kind = SampleKind::kWhole;
  traits.largest_of_type = range_of_bits(16).white;
  traits.significant_bits = png_significant_bits(image.bytes);
  std::vector<cv::Mat> channels;
  cv::split(pixels, channels);
  if (channels.size() == 4) channels.pop_back();
  for (const cv::Mat& channel : channels) {
    SampleTraits one;
    measure_samples(channel, one);
    traits.smallest =
        &channel == &channels.front() ? one.smallest : std::min(traits.smallest, one.smallest);
    traits.largest = std::max(traits.largest, one.largest);
  }
  return traits;
}

/// 16-bit RGB or RGBA → 8 bits.
cv::Mat png_to_8_bit(const EncodedImage& image, const cv::Mat& pixels) {
  const SampleTraits traits =
      image.sample_range ? SampleTraits{.kind = SampleKind::kWhole} : traits_of(image, pixels);
  const SampleRange range = range_for(image, traits);
  cv::Mat scaled = scale_to_8_bit(pixels, range);
  if (pixels.channels() < 4) return scaled;
  cv::Mat alpha;
  cv::extractChannel(pixels, alpha, 3);
  const SampleRange of_alpha = range_of_alpha(alpha, range, range_of_bits(16).white);
  cv::insertChannel(scale_to_8_bit(alpha, of_alpha), scaled, 3);
  return scaled;
}

/// Whether the first bytes of an 8-bit PNG with alpha hold a pixel that is not transparent.
bool png_start_shows_pixel(std::string_view start) {
  PngReader reader(start);
  if (!reader.read_header() || reader.channels() < 4) return false;
  reader.read_in_small_pieces();
  cv::Mat row(1, reader.width(), CV_8UC4, cv::Scalar::all(0));
  return reader.shows_opaque_pixel(row);
}

}  // namespace

cv::Mat decode_png(const EncodedImage& image) {
  cv::Mat pixels = read_png(image);
  if (pixels.depth() == CV_16U) pixels = png_to_8_bit(image, pixels);
  if (pixels.channels() == 4) pixels = blend_on_white(pixels);
  return apply_orientation(pixels, png_orientation(image.bytes));
}

SampleTraits png_traits(const EncodedImage& image) {
  SampleTraits traits;
  const bool has_words = png_has_16_bits(image.bytes);
  if (has_words || png_has_alpha(image.bytes)) {
    const cv::Mat pixels = read_png(image);
    if (has_words) traits = traits_of(image, pixels);
    traits.is_transparent = is_transparent(pixels);
  }
  traits.images = png_frames(image.bytes);
  return traits;
}

bool is_plain_png(std::string_view start) {
  if (png_has_16_bits(start) || !shows_all_of_png(start) || png_frames(start) > 1) return false;
  return !png_has_alpha(start) || png_start_shows_pixel(start);
}

}  // namespace transfer
