#pragma once

#include <tiffio.h>

#include <array>
#include <cstdarg>
#include <string>

#include "datasets/formats/encoded_image.h"

namespace transfer {

/// A TIFF in memory, open at its first image that is neither a smaller copy nor a mask by
/// NewSubfileType; where all are, at the first.
class TiffFile {
 public:
  /// Throws DataError. REQUIRES: `image` outlives the object.
  explicit TiffFile(const EncodedImage& image);
  ~TiffFile();
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_; }

  /// Whether the current image is a smaller copy of another, or a mask.
  bool is_auxiliary() const;
  /// Whether such images come before the one that the file was opened at.
  bool has_skipped() const { return has_skipped_; }

  /// The tag's value; `otherwise` where the file lacks it and TIFF has no default for it. REQUIRES:
  /// T is the type that libtiff documents for the tag.
  template <typename T>
  T field(std::uint32_t tag, T otherwise) const {
    T value = otherwise;
    return TIFFGetFieldDefaulted(tiff_, tag, &value) == 1 ? value : otherwise;
  }

  /// The error for a file that cannot be decoded, with libtiff's first complaint.
  DataError broken() const;

 private:
  /// False where the file is damaged.
  bool skip_auxiliary_images();

  // What libtiff calls to read the file and to report.
  static tmsize_t read(thandle_t handle, void* target, tmsize_t size);
  static tmsize_t write(thandle_t handle, void* source, tmsize_t size);
  static toff_t seek(thandle_t handle, toff_t offset, int origin);
  static int close(thandle_t handle);
  static toff_t size(thandle_t handle);
  /// Without it libtiff 4.5.0-6+deb12u4 refuses uncompressed tiles whose size is no multiple of
  /// 1024.
  static int map(thandle_t handle, void** base, toff_t* size);
  static void unmap(thandle_t handle, void* base, toff_t size);
  static int on_error(TIFF* tiff, void* file, const char* module, const char* format,
                      va_list arguments);
  static int on_warning(TIFF* tiff, void* file, const char* module, const char* format,
                        va_list arguments);

  const EncodedImage& image_;
  std::size_t position_ = 0;
  std::array<char, 256> message_{};
  TIFF* tiff_ = nullptr;
  bool has_skipped_ = false;
};

}  // namespace transfer
