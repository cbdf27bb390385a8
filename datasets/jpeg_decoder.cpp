#include "datasets/jpeg_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <opencv2/core.hpp>

// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>

#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/exif.h"

namespace transfer {
namespace {

/// libjpeg reports through callbacks that must not return on an error.
struct ErrorState {
  jpeg_error_mgr manager;  // first, so that a pointer to it is a pointer to this
  std::jmp_buf jump;
  bool data_is_missing;
  char message[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr info) {
  auto* state = reinterpret_cast<ErrorState*>(info->err);
  info->err->format_message(info, state->message);
  std::longjmp(state->jump, 1);
}

void on_message(j_common_ptr info, int level) {
  auto* state = reinterpret_cast<ErrorState*>(info->err);
  const int code = info->err->msg_code;
  const bool missing =
      code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE;
  if (level < 0 && missing && !state->data_is_missing) {
    state->data_is_missing = true;
    info->err->format_message(info, state->message);
  }
}

/// What decoding needs across the C boundary. Lives outside the function that calls setjmp, so
/// that a jump skips no destructor.
struct DecodeState {
  jpeg_decompress_struct info;
  ErrorState error;
  cv::Mat pixels;
  int orientation = 1;
};

std::int64_t scale_denominator(std::int64_t shorter_side, std::int64_t target) {
  std::int64_t denominator = 1;
  while (target > 0 && denominator < 8 && shorter_side / (2 * denominator) >= 2 * target) {
    denominator *= 2;
  }
  return denominator;
}

void read_orientation(DecodeState& state) {
  for (auto* marker = state.info.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view block(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (block.starts_with("Exif")) {
      state.orientation = exif_orientation(block);
      return;
    }
  }
}

void read_rows(DecodeState& state) {
  auto& info = state.info;
  const bool four_channels = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = four_channels ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  state.pixels.create(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
                      four_channels ? CV_8UC4 : CV_8UC3);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = state.pixels.ptr(static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
}

/// Returns false when libjpeg gave up; the reason is in `state.error.message`.
bool run_decoder(DecodeState& state, std::string_view bytes, std::int64_t target) {
  if (setjmp(state.error.jump) != 0) return false;
  jpeg_create_decompress(&state.info);
  jpeg_mem_src(&state.info, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_save_markers(&state.info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&state.info, TRUE);
  if (static_cast<std::int64_t>(state.info.image_width) * state.info.image_height > kMaxPixels) {
    std::snprintf(state.error.message, sizeof(state.error.message),
                  "the header claims %u x %u pixels, more than is sensible", state.info.image_width,
                  state.info.image_height);
    return false;
  }
  read_orientation(state);
  state.info.scale_num = 1;
  state.info.scale_denom = static_cast<unsigned int>(
      scale_denominator(std::min(state.info.image_width, state.info.image_height), target));
  read_rows(state);
  return true;
}

/// Adobe writes CMYK inverted: a channel of 255 is no ink, so RGB = channel · key / 255.
cv::Mat rgb_from_inverted_cmyk(const cv::Mat& cmyk) {
  cv::Mat rgb(cmyk.size(), CV_8UC3);
  for (int y = 0; y < cmyk.rows; ++y) {
    const auto* in = cmyk.ptr<cv::Vec4b>(y);
    auto* out = rgb.ptr<cv::Vec3b>(y);
    for (int x = 0; x < cmyk.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        out[x][c] = static_cast<unsigned char>((in[x][c] * in[x][3] + 127) / 255);
      }
    }
  }
  return rgb;
}

}  // namespace

cv::Mat decode_jpeg(std::string_view bytes, const std::string& name,
                    std::int64_t target_shorter_side) {
  DecodeState state{};
  state.info.err = jpeg_std_error(&state.error.manager);
  state.error.manager.error_exit = on_error;
  state.error.manager.emit_message = on_message;
  const bool done = run_decoder(state, bytes, target_shorter_side);
  const bool adobe = state.info.saw_Adobe_marker != 0;
  jpeg_destroy_decompress(&state.info);
  if (!done) throw DataError(fmt::format("{}: {}", name, state.error.message));
  if (state.error.data_is_missing) {
    throw DataError(
        fmt::format("{}: the JPEG ends early or is damaged ({})", name, state.error.message));
  }
  cv::Mat rgb = state.pixels;
  if (rgb.channels() == 4) {
    if (!adobe) cv::bitwise_not(rgb, rgb);
    rgb = rgb_from_inverted_cmyk(rgb);
  }
  return apply_orientation(rgb, state.orientation);
}

}  // namespace transfer
