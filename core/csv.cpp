#include "core/csv.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace transfer {
namespace {

/// Reads one field from `position` on and leaves `position` at the separator behind it.
std::string read_field(std::string_view text, std::size_t& position, std::size_t& line,
                       const std::string& name) {
  std::string field;
  if (position < text.size() && text[position] == '"') {
    const std::size_t opened_at = line;
    ++position;
    while (true) {
      if (position >= text.size()) {
        throw DataError(fmt::format("{}:{}: a quote is opened and never closed.", name, opened_at));
      }
      const char c = text[position++];
      if (c == '\n') ++line;
      if (c != '"') {
        field.push_back(c);
      } else if (position < text.size() && text[position] == '"') {
        field.push_back('"');
        ++position;
      } else {
        break;
      }
    }
  }
  while (position < text.size() && text[position] != ',' && text[position] != '\n' &&
         text[position] != '\r') {
    field.push_back(text[position++]);
  }
  return field;
}

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRow> rows;
  std::size_t position = 0;
  std::size_t line = 1;
  while (position < text.size()) {
    CsvRow row;
    row.line = line;
    row.fields.push_back(read_field(text, position, line, name));
    while (position < text.size() && text[position] == ',') {
      ++position;
      row.fields.push_back(read_field(text, position, line, name));
    }
    if (position < text.size() && text[position] == '\r') ++position;
    if (position < text.size() && text[position] == '\n') ++position;
    ++line;
    if (row.fields.size() > 1 || !row.fields[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace transfer
