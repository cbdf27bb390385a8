#include "app/serving/access_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "core/hash.h"
#include "core/lower_case.h"
#include "core/open_file.h"

namespace transfer {
namespace {

constexpr std::size_t kShortest = 16;
constexpr std::size_t kMostBytes = 4096;

std::string first_line(const std::filesystem::path& file) {
  try {
    const OpenFile opened = OpenFile::for_reading(file);
    const auto facts = opened.facts();
    if ((facts.st_mode & S_IROTH) != 0) {
      throw ConfigError(
          fmt::format("--token-file {}: everyone on this machine may read it. Run: chmod 600 {}",
                      file.string(), file.string()));
    }
    std::string text(std::min(static_cast<std::size_t>(facts.st_size), kMostBytes), '\0');
    opened.read(0, text.data(), text.size());
    return text.substr(0, text.find_first_of("\r\n"));
  } catch (const DataError& error) {
    throw ConfigError(fmt::format("--token-file {}", error.what()));
  }
}

}  // namespace

AccessToken::AccessToken(const std::filesystem::path& file) : token_(first_line(file)) {
  const bool is_visible =
      std::all_of(token_.begin(), token_.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (token_.size() >= kShortest && is_visible) return;
  throw ConfigError(fmt::format(
      "--token-file {}: expected a first line of at least {} visible ASCII characters without "
      "spaces. Make one by: openssl rand -hex 32 > {}",
      file.string(), kShortest, file.string()));
}

bool AccessToken::admits(std::string_view authorization) const {
  if (!is_needed()) return true;
  constexpr std::string_view kScheme = "bearer ";
  if (lower_case(std::string(authorization.substr(0, kScheme.size()))) != kScheme) return false;
  // Hashes are of one length, and what differs in them says nothing of the token.
  return sha256_bytes(authorization.substr(kScheme.size())) == sha256_bytes(token_);
}

}  // namespace transfer
