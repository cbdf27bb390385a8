#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

/// Which model files are loaded. A file holds a program, which runs when it is loaded.
enum class TrustRule {
  kChecked,  ///< every file whose program holds operators on tensors alone
  kPinned,   ///< only files whose SHA-256 is pinned
  kAsk,      ///< as kChecked, and the user is asked about every file that is not pinned
  kAlways,   ///< every file, whatever its program does
};
template <>
inline constexpr std::array<std::string_view, 4> kNames<TrustRule> = {"checked", "pinned", "ask",
                                                                      "always"};

struct Trust {
  TrustRule rule = TrustRule::kChecked;
  /// SHA-256 of files that load whatever their program does, as 64 lower-case digits.
  std::set<std::string> pins = {};
  /// Asks the user a question to be answered with yes or no. Empty where nobody can be asked.
  std::function<bool(const std::string& question)> ask = {};
};

/// The trust that a setting names: a TrustRule, or `sha256:DIGITS`, several separated by commas,
/// which allows those files alone. The lines of `file`, "" for none, are further pins:
/// `sha256:DIGITS` or what sha256sum prints; empty lines and those that begin with # do not count.
/// `ask` stays empty. Throws ConfigError, naming the flag or the line, and DataError where the file
/// cannot be read.
Trust parse_trust(const std::string& setting, const std::filesystem::path& file);

}  // namespace transfer
