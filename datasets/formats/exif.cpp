#include "datasets/formats/exif.h"

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>

#include "datasets/formats/number_reader.h"

namespace transfer {
namespace {

/// The data of the first chunk of that type; empty where there is none. A chunk is a type of four
/// letters and a length, in either order, then the data. PNG adds a checksum; RIFF pads the data to
/// an even length.
std::string_view find_chunk(std::string_view bytes, std::size_t first, bool is_png,
                            std::string_view type) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kChecksum = 4;
  const NumberReader reader{bytes, /*little_endian=*/!is_png};
  std::size_t position = first;
  while (bytes.size() >= position + kHeader) {
    const std::size_t length = reader.read(position + (is_png ? 0 : 4), 4).value_or(0);
    const std::size_t data = position + kHeader;
    if (bytes.substr(position + (is_png ? 4 : 0), 4) == type) return bytes.substr(data, length);
    position = data + length + (is_png ? kChecksum : length % 2);
  }
  return {};
}

/// The bytes of a whole number of an EXIF entry's type. Writers use others than the SHORT that the
/// standard asks for.
std::size_t size_of_number(const NumberReader& reader, std::size_t entry) {
  constexpr std::uint64_t kByte = 1;
  constexpr std::uint64_t kLong = 4;
  const auto type = reader.read(entry + 2, 2);
  return type == kByte ? 1 : type == kLong ? 4 : 2;
}

/// The entries of a block's first directory; nothing where the block is damaged.
class ExifDirectory {
 public:
  explicit ExifDirectory(std::string_view block) : reader_{without_header(block), true} {
    if (!reader_.bytes.starts_with("II") && !reader_.bytes.starts_with("MM")) return;
    reader_.little_endian = reader_.bytes[0] == 'I';
    first_ = reader_.read(4, 4);
  }

  const NumberReader& reader() const { return reader_; }

  /// Where the entry of a tag begins; nothing where there is none.
  std::optional<std::size_t> find(std::uint32_t wanted) const {
    const auto entries = first_ ? reader_.read(*first_, 2) : std::nullopt;
    for (std::size_t i = 0; i < entries.value_or(0); ++i) {
      const std::size_t entry = *first_ + 2 + 12 * i;
      const auto tag = reader_.read(entry, 2);
      if (!tag) break;
      if (*tag == wanted) return entry;
    }
    return std::nullopt;
  }

  /// The text of a tag, without the zero at its end and spaces around it; empty where there is
  /// none.
  std::string text(std::uint32_t tag) const {
    constexpr std::uint64_t kText = 2;
    const auto entry = find(tag);
    if (!entry || reader_.read(*entry + 2, 2) != kText) return "";
    const std::uint64_t length = reader_.read(*entry + 4, 4).value_or(0);
    const std::uint64_t offset = length <= 4 ? *entry + 8 : reader_.read(*entry + 8, 4).value_or(0);
    if (offset > reader_.bytes.size()) return "";
    const auto bytes = reader_.bytes.substr(offset, length);
    return trimmed_text(bytes.substr(0, bytes.find('\0')));
  }

 private:
  static std::string_view without_header(std::string_view block) {
    constexpr std::string_view kHeader("Exif\0\0", 6);
    if (block.starts_with(kHeader)) block.remove_prefix(kHeader.size());
    return block;
  }

  static std::string trimmed_text(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    return std::string(text);
  }

  NumberReader reader_;
  std::optional<std::uint64_t> first_;
};

}  // namespace

int exif_orientation(std::string_view block) {
  constexpr std::uint32_t kOrientationTag = 0x0112;
  const ExifDirectory directory(block);
  const auto entry = directory.find(kOrientationTag);
  if (!entry) return 1;
  const NumberReader& reader = directory.reader();
  const auto value = reader.read(*entry + 8, size_of_number(reader, *entry)).value_or(1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

std::string exif_camera(std::string_view block) {
  constexpr std::uint32_t kMakeTag = 0x010F;
  constexpr std::uint32_t kModelTag = 0x0110;
  const ExifDirectory directory(block);
  const std::string make = directory.text(kMakeTag);
  const std::string model = directory.text(kModelTag);
  if (make.empty() || model.starts_with(make)) return model;
  return model.empty() ? make : make + " " + model;
}

std::string_view png_exif(std::string_view bytes) {
  constexpr std::size_t kSignature = 8;
  return find_chunk(bytes, kSignature, /*is_png=*/true, "eXIf");
}

std::string_view webp_exif(std::string_view bytes) {
  constexpr std::size_t kRiffHeader = 12;
  return find_chunk(bytes, kRiffHeader, /*is_png=*/false, "EXIF");
}

int png_orientation(std::string_view bytes) { return exif_orientation(png_exif(bytes)); }

int webp_orientation(std::string_view bytes) { return exif_orientation(webp_exif(bytes)); }

cv::Mat apply_orientation(const cv::Mat& image, int orientation) {
  cv::Mat turned;
  switch (orientation) {
    case 2: cv::flip(image, turned, 1); return turned;
    case 3: cv::rotate(image, turned, cv::ROTATE_180); return turned;
    case 4: cv::flip(image, turned, 0); return turned;
    case 5: cv::transpose(image, turned); return turned;
    case 6: cv::rotate(image, turned, cv::ROTATE_90_CLOCKWISE); return turned;
    case 7:
      cv::transpose(image, turned);
      cv::flip(turned, turned, -1);
      return turned;
    case 8: cv::rotate(image, turned, cv::ROTATE_90_COUNTERCLOCKWISE); return turned;
    default: return image;
  }
}

}  // namespace transfer
