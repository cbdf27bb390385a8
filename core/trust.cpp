#include "core/trust.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/lower_case.h"
#include "core/split_text.h"

namespace transfer {
namespace {

constexpr std::string_view kPrefix = "sha256:";

/// The digits of a SHA-256 in lower case, with or without the prefix; nothing where it is none.
std::optional<std::string> digits_of(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
  const std::string digits = lower_case(std::string(text));
  const bool is_hash =
      digits.size() == kDigits && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hash ? std::optional<std::string>(digits) : std::nullopt;
}

void add_pins_of_file(const std::filesystem::path& file, std::set<std::string>& pins) {
  int number = 0;
  if (file_kind(file) == FileKind::kNothing) {
    throw ConfigError(fmt::format(
        "trust_file: {}: no such file. Expected a text file with a SHA-256 in each line, as "
        "`sha256sum FILE` prints it.",
        file.string()));
  }
  const std::string text = read_file(file);
  for (const std::string_view line : split_text(text, '\n')) {
    ++number;
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    const auto end = line.find_first_of(" \t\r", begin);
    const auto digits = digits_of(line.substr(begin, end - begin));
    if (!digits) {
      throw ConfigError(
          fmt::format("{}:{}: expected sha256: and 64 hexadecimal digits, or a line of sha256sum.",
                      file.string(), number));
    }
    pins.insert(*digits);
  }
}

}  // namespace

Trust parse_trust(const std::string& setting, const std::filesystem::path& file) {
  Trust trust;
  if (const auto rule = parse_name<TrustRule>(setting)) {
    trust.rule = *rule;
  } else {
    trust.rule = TrustRule::kPinned;
    for (const std::string_view pin : split_text(setting, ',')) {
      const auto digits = pin.starts_with(kPrefix) ? digits_of(pin) : std::nullopt;
      if (!digits) {
        throw ConfigError(fmt::format(
            "trust is '{}', expected one of {}, or sha256: and 64 hexadecimal digits, several "
            "separated by commas. `sha256sum FILE` prints the digits.",
            setting, fmt::join(all_names<TrustRule>(), ", ")));
      }
      trust.pins.insert(*digits);
    }
  }
  if (!file.empty()) add_pins_of_file(file, trust.pins);
  return trust;
}

}  // namespace transfer
