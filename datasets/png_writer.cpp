#include "datasets/png_writer.h"

#include <fmt/format.h>
#include <png.h>

#include <string>

#include "core/atomic_file.h"
#include "core/errors.h"

namespace transfer {

void write_png(const cv::Mat& rgb, const std::filesystem::path& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(rgb.cols);
  image.height = static_cast<png_uint_32>(rgb.rows);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;  // a third larger, in a fraction of the time
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string png(size, '\0');
  if (png_image_write_to_memory(&image, png.data(), &size, /*convert_to_8_bit=*/0, rgb.data,
                                static_cast<png_int_32>(rgb.step), /*colormap=*/nullptr) == 0) {
    throw OutputError(
        fmt::format("{}: the PNG could not be made: {}", file.string(), image.message));
  }
  png.resize(size);
  write_file_atomically(file, png);
}

}  // namespace transfer
