#include "datasets/jpeg_writer.h"

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "core/errors.h"

namespace transfer {
namespace {

/// libjpeg reports an error through a callback that must not return, so it jumps.
struct JpegWriteErrors {
  jpeg_error_mgr manager;  // first, so that a pointer to it is a pointer to this
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

void on_jpeg_write_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegWriteErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->jump, 1);
}

/// Compresses one image. The function that calls setjmp, and whatever it calls, have no variable
/// with a destructor, so a jump skips none.
class JpegWriter {
 public:
  JpegWriter() {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_jpeg_write_error;
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&info_);
    std::free(bytes_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  /// False on an error; see message().
  bool compress(const cv::Mat& rgb, int quality) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &bytes_, &size_);
    info_.image_width = static_cast<JDIMENSION>(rgb.cols);
    info_.image_height = static_cast<JDIMENSION>(rgb.rows);
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    jpeg_start_compress(&info_, TRUE);
    while (info_.next_scanline < info_.image_height) {
      auto* row = const_cast<JSAMPROW>(rgb.ptr<JSAMPLE>(static_cast<int>(info_.next_scanline)));
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return true;
  }

  std::string bytes() const { return {reinterpret_cast<const char*>(bytes_), size_}; }
  const char* message() const { return errors_.message; }

 private:
  JpegWriteErrors errors_{};
  jpeg_compress_struct info_{};
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

std::string jpeg_bytes(const cv::Mat& rgb, int quality) {
  JpegWriter writer;
  if (!writer.compress(rgb, quality)) {
    throw OutputError(fmt::format("a JPEG of {} × {} pixels could not be made: {}", rgb.cols,
                                  rgb.rows, writer.message()));
  }
  return writer.bytes();
}

}  // namespace transfer
