#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// A field as RFC 4180 wants it: quoted when it holds a comma, a quote or a line break.
std::string csv_field(std::string_view text);

/// Rows of fields of a CSV text (RFC 4180: quotes, doubled quotes, CRLF or LF, a UTF-8 byte order
/// mark is passed over). Empty lines give no row. `line` counts from 1. Throws DataError naming
/// `name` and the line when a quote is never closed.
struct CsvRow {
  std::size_t line = 0;
  std::vector<std::string> fields;
};
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name);

}  // namespace transfer
