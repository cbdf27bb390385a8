#include "core/test_time_views.h"

#include <fmt/format.h>

#include <charconv>

#include "core/errors.h"

namespace transfer {

std::int64_t parse_test_time_views(const std::string& text, const std::string& where) {
  if (text == "none") return 1;
  if (text == "flip") return 2;
  std::int64_t views = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, views);
  const bool is_number = error == std::errc() && read_to == end;
  if (is_number && views >= 2 && views <= kMostTestTimeViews) return views;
  throw ConfigError(fmt::format(
      "{}found '{}', expected none, flip (an image and its mirror image) or a number of views from "
      "2 to {}.",
      where.empty() ? "" : where + ": ", text, kMostTestTimeViews));
}

}  // namespace transfer
