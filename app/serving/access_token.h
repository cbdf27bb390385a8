#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace transfer {

/// What requests must bring to be answered (RFC 6750).
class AccessToken {
 public:
  /// Answers everyone.
  AccessToken() = default;
  /// The first line of `file`. Throws ConfigError where it cannot be read, everyone on the machine
  /// may read it, or the line is shorter than 16 characters or holds others than visible ASCII.
  explicit AccessToken(const std::filesystem::path& file);

  bool is_needed() const { return !token_.empty(); }
  /// Whether a request with this header field may be answered. Takes the same time whichever
  /// characters of a wrong token are right.
  bool admits(std::string_view authorization) const;

 private:
  std::string token_;
};

}  // namespace transfer
