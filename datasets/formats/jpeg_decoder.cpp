#include "datasets/formats/jpeg_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <opencv2/core.hpp>

// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>

#include "datasets/formats/colour_spaces.h"
#include "datasets/formats/exif.h"

namespace transfer {
namespace {

/// libjpeg reports an error through a callback that must not return, so it jumps.
struct JpegErrors {
  jpeg_error_mgr manager;  // first, so that a pointer to it is a pointer to this
  std::jmp_buf jump;
  bool data_is_missing;
  char message[JMSG_LENGTH_MAX];
};

void on_jpeg_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

/// Ends the decoding at the first warning about missing data, which makes the image a broken one,
/// and drops every other message.
void on_jpeg_message(j_common_ptr info, int level) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  const int code = info->err->msg_code;
  const bool missing =
      code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE;
  if (level >= 0 || !missing) return;
  errors->data_is_missing = true;
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

/// The most scans of an image. Programs write 3 to 20; each takes time for all pixels, whatever few
/// bytes it has, so that large images may have fewer.
int most_scans(const jpeg_decompress_struct& info) {
  constexpr std::uint64_t kMostScans = 500;
  constexpr std::uint64_t kLeastScans = 32;
  constexpr std::uint64_t kPixelsOfAllScans = std::uint64_t{1} << 30;
  const std::uint64_t pixels = std::uint64_t{info.image_width} * info.image_height;
  return static_cast<int>(std::clamp(kPixelsOfAllScans / pixels, kLeastScans, kMostScans));
}

/// libjpeg calls it again and again while it reads scans.
void on_jpeg_progress(j_common_ptr common) {
  const auto* info = reinterpret_cast<jpeg_decompress_struct*>(common);
  const int most = most_scans(*info);
  if (info->input_scan_number <= most) return;
  auto* errors = reinterpret_cast<JpegErrors*>(common->err);
  std::snprintf(errors->message, sizeof errors->message,
                "the JPEG has more than %d scans, which no program writes for its size", most);
  std::longjmp(errors->jump, 1);
}

/// Decompresses one JPEG. The two functions that call setjmp, and whatever they call, have no
/// variable with a destructor, so a jump skips none.
class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_jpeg_error;
    errors_.manager.emit_message = on_jpeg_message;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// False on an error; see message().
  bool read_header(std::string_view bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = on_jpeg_progress;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()),
                 static_cast<unsigned long>(bytes.size()));
    jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  /// Fills pixels(): RGB, or CMYK where has_ink(). False on an error; see message().
  bool read_pixels(unsigned int scale_denominator) {
    if (setjmp(errors_.jump) != 0) return false;
    info_.scale_num = 1;
    info_.scale_denom = scale_denominator;
    info_.out_color_space = has_ink() ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    pixels_.create(static_cast<int>(info_.output_height), static_cast<int>(info_.output_width),
                   has_ink() ? CV_8UC4 : CV_8UC3);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels_.ptr(static_cast<int>(info_.output_scanline));
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  /// The EXIF block, inside of the bytes that the reader holds; empty where there is none.
  std::string_view exif() const {
    for (auto* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view block(reinterpret_cast<const char*>(marker->data),
                                   marker->data_length);
      if (block.starts_with("Exif")) return block;
    }
    return {};
  }

  unsigned int width() const { return info_.image_width; }
  unsigned int height() const { return info_.image_height; }
  const cv::Mat& pixels() const { return pixels_; }
  /// Whether the file holds CMYK, or YCCK, which is decoded to CMYK.
  bool has_ink() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  /// Adobe's programs write CMYK inverted.
  bool is_from_adobe() const { return info_.saw_Adobe_marker != 0; }
  /// Bytes that libjpeg needs beside the pixels: an image of several scans is held as coefficients
  /// until the last one has been read.
  std::uint64_t coefficient_bytes() const {
    if (!jpeg_has_multiple_scans(const_cast<j_decompress_ptr>(&info_))) return 0;
    std::uint64_t blocks = 0;
    for (int i = 0; i < info_.num_components; ++i) {
      const jpeg_component_info& component = info_.comp_info[i];
      blocks += std::uint64_t{component.width_in_blocks} * component.height_in_blocks;
    }
    return blocks * sizeof(JBLOCK);
  }
  /// Whether the file ended early or held codes that mean nothing.
  bool data_is_missing() const { return errors_.data_is_missing; }
  const char* message() const { return errors_.message; }

 private:
  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  JpegErrors errors_{};
  cv::Mat pixels_;
};

unsigned int scale_denominator(std::int64_t shorter_side, std::int64_t target) {
  unsigned int denominator = 1;
  while (target > 0 && denominator < 8 && shorter_side / (2 * denominator) >= 2 * target) {
    denominator *= 2;
  }
  return denominator;
}

}  // namespace

std::optional<JpegHeader> read_jpeg_header(std::string_view bytes) {
  JpegReader reader;
  if (!reader.read_header(bytes)) return std::nullopt;
  const bool lies = exif_orientation(reader.exif()) >= 5;  // a quarter turn makes it upright
  return JpegHeader{lies ? reader.height() : reader.width(),
                    lies ? reader.width() : reader.height(), std::string(reader.exif())};
}

cv::Mat decode_jpeg(const EncodedImage& image) {
  JpegReader reader;
  const auto require = [&](bool succeeded) {
    if (succeeded) return;
    throw broken_image(image,
                       reader.data_is_missing()
                           ? fmt::format("the JPEG ends early or is damaged ({})", reader.message())
                           : std::string(reader.message()));
  };
  require(reader.read_header(image.bytes));
  require_sensible_size(image, reader.width(), reader.height(),
                        /*bytes_per_pixel=*/reader.has_ink() ? 4 : 3, reader.coefficient_bytes());
  const int orientation = exif_orientation(reader.exif());
  const std::int64_t shorter_side = std::min(reader.width(), reader.height());
  require(reader.read_pixels(scale_denominator(shorter_side, image.target_shorter_side)));
  cv::Mat pixels = reader.pixels();
  if (reader.has_ink()) {
    if (reader.is_from_adobe()) cv::bitwise_not(pixels, pixels);  // Adobe stores inks inverted
    pixels = cmyk_to_rgb(pixels);
  }
  return apply_orientation(pixels, orientation);
}

}  // namespace transfer
