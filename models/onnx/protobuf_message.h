#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace transfer {

/// A message in protobuf's wire format (https://protobuf.dev/programming-guides/encoding), made
/// field by field. LibTorch exports symbols of a protobuf library, so that none is linked here.
class ProtobufMessage {
 public:
  void add_integer(int field, std::int64_t value);
  void add_float(int field, float value);
  /// Bytes, a string or a message.
  void add_bytes(int field, std::string_view bytes);

  const std::string& bytes() const { return bytes_; }

 private:
  void add_varint(std::uint64_t value);
  void add_tag(int field, int wire_type);

  std::string bytes_;
};

}  // namespace transfer
