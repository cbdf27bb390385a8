#include "datasets/formats/image_formats.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/lower_case.h"
#include "datasets/formats/bmp_decoder.h"
#include "datasets/formats/gif_decoder.h"
#include "datasets/formats/jpeg_decoder.h"
#include "datasets/formats/png_decoder.h"
#include "datasets/formats/tiff_bands.h"
#include "datasets/formats/tiff_decoder.h"
#include "datasets/formats/webp_decoder.h"

namespace transfer {
namespace {

using namespace std::string_view_literals;

/// A format that is recognised only to be refused by name.
struct ForeignFormat {
  std::string_view name;
  std::size_t offset;
  /// '?' stands for any byte.
  std::string_view signature;
};

constexpr ForeignFormat kForeignFormats[] = {
    {"a DICOM file", 128, "DICM"sv},
    {"a JPEG 2000 image", 0, "\0\0\0\x0CjP  \r\n\x87\n"sv},
    {"a JPEG 2000 image", 0, "\xFF\x4F\xFF\x51"sv},
    {"a JPEG XL image", 0, "\0\0\0\x0CJXL \r\n\x87\n"sv},
    {"a JPEG XL image", 0, "\xFF\x0A"sv},
    {"an AVIF image", 4, "ftypavif"sv},
    {"an AVIF image", 4, "ftypavis"sv},
    {"a HEIF image", 4, "ftyphei?"sv},
    {"a HEIF image", 4, "ftypmif1"sv},
    {"an OpenEXR image", 0, "\x76\x2F\x31\x01"sv},
    {"a Photoshop file", 0, "8BPS"sv},
    {"a PDF", 0, "%PDF-"sv},
    {"an icon (ICO)", 0, "\0\0\1\0?\0"sv},
    {"a TGA image", 0, "\0\0\2\0\0\0\0\0"sv},    // true colour
    {"a TGA image", 0, "\0\0\3\0\0\0\0\0"sv},    // grey
    {"a TGA image", 0, "\0\0\x0A\0\0\0\0\0"sv},  // run lengths
    {"a TGA image", 0, "\0\1\1\0\0\0\1\x18"sv},  // palette
    {"a DDS texture", 0, "DDS "sv},
    {"a FITS image", 0, "SIMPLE  ="sv},
    {"an HDF5 file", 0, "\x89HDF\r\n\x1a\n"sv},
    {"a NumPy file", 0, "\x93NUMPY"sv},
    {"a ZIP archive", 0, "PK\x03\x04"sv},
    {"a gzip file", 0, "\x1F\x8B"sv},
    {"a Netpbm image", 0, "P5\n"sv},
    {"a Netpbm image", 0, "P6\n"sv},
};

/// Text formats: what they start with in lower case, behind white space.
constexpr ForeignFormat kTextFormats[] = {
    {"an SVG", 0, "<svg"sv},
    {"an XML file", 0, "<?xml"sv},
    {"an HTML page", 0, "<html"sv},
    {"an HTML page", 0, "<!doctype html"sv},
    {"a Git LFS pointer without the image (`git lfs pull` fetches it)", 0,
     "version https://git-lfs"sv},
};

bool starts_with_signature(std::string_view bytes, std::string_view signature) {
  return bytes.size() >= signature.size() &&
         std::equal(signature.begin(), signature.end(), bytes.begin(),
                    [](char expected, char found) { return expected == '?' || expected == found; });
}

/// The name of the format that bytes are in, if it is a common one.
std::string_view foreign_name(std::string_view bytes) {
  for (const ForeignFormat& format : kForeignFormats) {
    if (bytes.size() > format.offset &&
        starts_with_signature(bytes.substr(format.offset), format.signature)) {
      return format.name;
    }
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  constexpr std::size_t kMostText = 64;
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
  const std::string text = lower_case(std::string(bytes.substr(0, kMostText)));
  for (const ForeignFormat& format : kTextFormats) {
    if (text.starts_with(format.signature)) return format.name;
  }
  return "not in a known image format";
}

}  // namespace

const std::vector<ImageFormat>& image_formats() {
  static const std::vector<ImageFormat> formats = {
      {"JPEG", {"\xFF\xD8"sv}, {".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp"}, decode_jpeg},
      {"PNG", {"\x89PNG\r\n\x1A\n"sv}, {".png"}, decode_png, png_traits, is_plain_png},
      {"BMP", {"BM"sv}, {".bmp"}, decode_bmp, bmp_traits, is_plain_bmp},
      {"TIFF",
       {"II\x2A\0"sv, "MM\0\x2A"sv, "II\x2B\0"sv, "MM\0\x2B"sv},  // the last two are BigTIFF
       {".tif", ".tiff"},
       decode_tiff,
       tiff_traits,
       nullptr,
       decode_tiff_bands},
      {"WebP", {"RIFF????WEBP"sv}, {".webp"}, decode_webp, webp_traits, is_plain_webp},
      {"GIF", {"GIF87a"sv, "GIF89a"sv}, {".gif"}, decode_gif, gif_traits},
  };
  return formats;
}

const ImageFormat* format_of(std::string_view bytes) {
  for (const ImageFormat& format : image_formats()) {
    for (const std::string_view signature : format.signatures) {
      if (starts_with_signature(bytes, signature)) return &format;
    }
  }
  return nullptr;
}

std::string why_unsupported(std::string_view bytes) {
  if (bytes.empty()) return "the file is empty (0 bytes)";
  std::vector<std::string_view> names;
  for (const ImageFormat& format : image_formats()) names.push_back(format.name);
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("is {}; supported are {} and {}", foreign_name(bytes), fmt::join(names, ", "),
                     last);
}

std::vector<std::string_view> image_endings() {
  std::vector<std::string_view> endings;
  for (const ImageFormat& format : image_formats()) {
    endings.insert(endings.end(), format.endings.begin(), format.endings.end());
  }
  return endings;
}

}  // namespace transfer
