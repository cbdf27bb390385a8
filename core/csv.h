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

/// What separates the fields of a CSV text: a semicolon or tab where the first line has no comma,
/// or where it is `sep=` and a character, as spreadsheets write it; else a comma.
char separator_of(std::string_view text);

/// The rows of a CSV text (RFC 4180: quotes, doubled quotes, CRLF or LF), without a UTF-8 byte
/// order mark, a line `sep=` and rows of nothing but blank fields. Throws DataError naming `name`
/// and the line when a quote is never closed.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name, char separator = ',');

}  // namespace transfer
