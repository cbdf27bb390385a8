#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace transfer {

/// SHA-256 (FIPS 180-4) over bytes given piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(const void* data, std::size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }

  /// The 32 bytes of the hash. REQUIRES: this or hex() is called once, as the last call.
  std::string bytes();
  /// 64 lower-case hexadecimal digits.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 of `bytes` as 32 bytes.
std::string sha256_bytes(std::string_view bytes);

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace transfer
