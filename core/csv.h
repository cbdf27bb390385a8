#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// A field as RFC 4180 asks for it: quoted when it holds a comma, a quote or a line break.
std::string csv_field(std::string_view text);

/// One row of a CSV text.
struct CsvRow {
  /// Where it begins, from 1 on.
  std::size_t line = 0;
  std::vector<std::string> fields;
};

/// The rows of a CSV text (RFC 4180: quotes, doubled quotes, CRLF or LF), without empty lines and a
/// UTF-8 byte order mark. Throws DataError naming `name` and the line when a quote is never closed.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name);

}  // namespace transfer
