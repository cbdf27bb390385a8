#include "app/report/tensorboard_events.h"

#include <array>
#include <bit>

namespace transfer::tensorboard {
namespace {

std::array<std::uint32_t, 256> crc32c_table() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli's, with its bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

/// An unsigned number in little-endian order.
template <typename Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  }
  return bytes;
}

/// The CRC as the framing has it, so that a CRC of bytes that hold a CRC is none of theirs.
std::string masked_crc(std::string_view bytes) {
  constexpr std::uint32_t kDelta = 0xA282EAD8;
  return little_endian<std::uint32_t>(std::rotr(crc32c_of(bytes), 15) + kDelta);
}

std::string record(const std::string& event) {
  const std::string length = little_endian<std::uint64_t>(event.size());
  return length + masked_crc(length) + event + masked_crc(event);
}

// The fields of a protocol buffer: a key of number and wire type, then the value.

std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7F) | 0x80);
  return bytes + static_cast<char>(number);
}

std::string key(int field, int wire_type) {
  return varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

std::string number_field(int field, std::int64_t value) {
  return key(field, 0) + varint(static_cast<std::uint64_t>(value));
}
std::string double_field(int field, double value) {
  return key(field, 1) + little_endian(std::bit_cast<std::uint64_t>(value));
}
std::string float_field(int field, float value) {
  return key(field, 5) + little_endian(std::bit_cast<std::uint32_t>(value));
}
/// A text, bytes or a message.
std::string bytes_field(int field, std::string_view bytes) {
  return key(field, 2) + varint(bytes.size()) + std::string(bytes);
}

/// An Event with a Summary of one Value, whose fields but the tag are given.
std::string event_record(double wall_time, std::int64_t step, const std::string& tag,
                         const std::string& fields) {
  const std::string value = bytes_field(1, tag) + fields;
  const std::string summary = bytes_field(1, value);
  return record(double_field(1, wall_time) + number_field(2, step) + bytes_field(5, summary));
}

/// Width and height in the header of a PNG file.
std::uint32_t png_number(std::string_view png, std::size_t position) {
  std::uint32_t number = 0;
  for (std::size_t i = position; i < position + 4 && i < png.size(); ++i) {
    number = number << 8 | static_cast<unsigned char>(png[i]);
  }
  return number;
}

}  // namespace

std::uint32_t crc32c_of(std::string_view bytes) {
  static const auto table = crc32c_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~crc;
}

std::string first_record(double wall_time) {
  return record(double_field(1, wall_time) + bytes_field(3, "brain.Event:2"));
}

std::string scalar_record(double wall_time, std::int64_t step, const std::string& tag,
                          float value) {
  return event_record(wall_time, step, tag, float_field(2, value));
}

std::string image_record(double wall_time, std::int64_t step, const std::string& tag,
                         std::string_view png) {
  constexpr std::size_t kWidth = 16;  // where the header has them
  constexpr std::size_t kHeight = 20;
  constexpr int kRgb = 3;
  const std::string image = number_field(1, png_number(png, kHeight)) +
                            number_field(2, png_number(png, kWidth)) + number_field(3, kRgb) +
                            bytes_field(4, png);
  return event_record(wall_time, step, tag, bytes_field(4, image));
}

std::string text_record(double wall_time, std::int64_t step, const std::string& tag,
                        const std::string& text) {
  constexpr int kString = 7;  // DT_STRING of TensorFlow's types
  const std::string metadata = bytes_field(1, bytes_field(1, "text"));
  const std::string shape = bytes_field(2, number_field(1, 1));  // one dimension of one text
  const std::string tensor =
      number_field(1, kString) + bytes_field(2, shape) + bytes_field(8, text);
  return event_record(wall_time, step, tag, bytes_field(8, tensor) + bytes_field(9, metadata));
}

}  // namespace transfer::tensorboard
