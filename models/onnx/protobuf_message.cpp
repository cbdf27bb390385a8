#include "models/onnx/protobuf_message.h"

#include <bit>

namespace transfer {

void ProtobufMessage::add_varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
  bytes_.push_back(static_cast<char>(value));
}

void ProtobufMessage::add_tag(int field, int wire_type) {
  add_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

void ProtobufMessage::add_integer(int field, std::int64_t value) {
  add_tag(field, 0);
  add_varint(static_cast<std::uint64_t>(value));
}

void ProtobufMessage::add_float(int field, float value) {
  add_tag(field, 5);
  const auto bits = std::bit_cast<std::uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
}

void ProtobufMessage::add_bytes(int field, std::string_view bytes) {
  add_tag(field, 2);
  add_varint(bytes.size());
  bytes_.append(bytes);
}

}  // namespace transfer
