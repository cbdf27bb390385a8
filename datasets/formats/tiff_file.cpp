#include "datasets/formats/tiff_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

namespace transfer {

TiffFile::TiffFile(const EncodedImage& image) : image_(image) {
  // A damaged header must not make libtiff allocate more than this at once.
  constexpr tmsize_t kMostBytes = tmsize_t{1} << 30;
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMostBytes);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, this);
  tiff_ = TIFFClientOpenExt(image.name.c_str(), "r", this, read, write, seek, close, size, map,
                            unmap, options.get());
  if (tiff_ == nullptr) throw broken();
  if (!skip_auxiliary_images()) {
    TIFFClose(tiff_);
    throw broken();
  }
}

TiffFile::~TiffFile() {
  if (tiff_ != nullptr) TIFFClose(tiff_);
}

bool TiffFile::is_auxiliary() const {
  const auto kind = field<std::uint32_t>(TIFFTAG_SUBFILETYPE, 0);
  return (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) != 0;
}

bool TiffFile::skip_auxiliary_images() {
  while (is_auxiliary()) {
    if (TIFFLastDirectory(tiff_) != 0) {
      has_skipped_ = false;
      return TIFFSetDirectory(tiff_, 0) == 1;
    }
    if (TIFFReadDirectory(tiff_) == 0) return false;
    has_skipped_ = true;
  }
  return true;
}

DataError TiffFile::broken() const {
  return broken_image(
      image_,
      fmt::format("the TIFF is damaged or ends early{}",
                  message_[0] == '\0' ? std::string() : fmt::format(" ({})", message_.data())));
}

tmsize_t TiffFile::read(thandle_t handle, void* target, tmsize_t size) {
  auto* file = static_cast<TiffFile*>(handle);
  const std::string_view bytes = file->image_.bytes.substr(file->position_);
  const std::size_t count = std::min(bytes.size(), static_cast<std::size_t>(size));
  std::memcpy(target, bytes.data(), count);
  file->position_ += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t TiffFile::write(thandle_t, void*, tmsize_t) { return 0; }

toff_t TiffFile::seek(thandle_t handle, toff_t offset, int origin) {
  auto* file = static_cast<TiffFile*>(handle);
  const toff_t end = file->image_.bytes.size();
  const toff_t from = origin == SEEK_CUR ? file->position_ : origin == SEEK_END ? end : 0;
  // Past the end there is nothing to read.
  file->position_ = static_cast<std::size_t>(std::min(from + offset, end));
  return file->position_;
}

int TiffFile::close(thandle_t) { return 0; }

toff_t TiffFile::size(thandle_t handle) {
  return static_cast<TiffFile*>(handle)->image_.bytes.size();
}

int TiffFile::map(thandle_t handle, void** base, toff_t* size) {
  const std::string_view bytes = static_cast<TiffFile*>(handle)->image_.bytes;
  // libtiff takes a pointer that it could write through, and does not.
  *base = const_cast<char*>(bytes.data());
  *size = bytes.size();
  return 1;
}

void TiffFile::unmap(thandle_t, void*, toff_t) {}

int TiffFile::on_error(TIFF*, void* file, const char*, const char* format, va_list arguments) {
  auto& message = static_cast<TiffFile*>(file)->message_;
  if (message[0] == '\0') std::vsnprintf(message.data(), message.size(), format, arguments);
  return 1;  // not to be passed on to the handler that writes to stderr
}

int TiffFile::on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

}  // namespace transfer
