#include "datasets/formats/png_decoder.h"

#include <fmt/format.h>
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <string>

#include "datasets/formats/exif.h"
#include "datasets/formats/png_chunks.h"
#include "datasets/formats/transparency.h"

namespace transfer {
namespace {

/// Decompresses one PNG to 8-bit RGB or RGBA. libpng reports an error through a callback that must
/// not return, so it jumps. The two functions that call setjmp have no variable with a destructor,
/// so a jump skips none.
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
    ask_for_8_bit_rgb();
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

  int width() const { return static_cast<int>(png_get_image_width(png_, info_)); }
  int height() const { return static_cast<int>(png_get_image_height(png_, info_)); }
  /// After read_header() 3, or 4 with alpha.
  int channels() const { return png_get_channels(png_, info_); }
  const char* message() const { return message_.data(); }

 private:
  void ask_for_8_bit_rgb() {
    const int colour = png_get_color_type(png_, info_);
    png_set_scale_16(png_);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if ((colour & PNG_COLOR_MASK_COLOR) == 0) {
      png_set_gray_to_rgb(png_);
    } else if (png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) {
      png_set_tRNS_to_alpha(png_);
    }
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

}  // namespace

cv::Mat decode_png(const EncodedImage& image) {
  const std::string bytes = keep_image_chunks(image);
  PngReader reader(bytes);
  const auto require = [&](bool succeeded) {
    if (!succeeded) {
      throw broken_image(image, fmt::format("the PNG is damaged ({})", reader.message()));
    }
  };
  require(reader.read_header());
  cv::Mat pixels(reader.height(), reader.width(), CV_8UC(reader.channels()));
  require(reader.read_pixels(pixels));
  if (reader.channels() == 4) pixels = blend_on_white(pixels);
  return apply_orientation(pixels, png_orientation(image.bytes));
}

}  // namespace transfer
