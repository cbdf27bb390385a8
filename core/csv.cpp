#include "core/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"

namespace transfer {
namespace {

/// Reads one field from `position` on and leaves `position` at the separator behind it.
std::string read_field(std::string_view text, std::size_t& position, std::size_t& line,
                       char separator, const std::string& name) {
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
  while (position < text.size() && text[position] != separator && text[position] != '\n' &&
         text[position] != '\r') {
    field.push_back(text[position++]);
  }
  return field;
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

bool is_separator_line(std::string_view text) {
  return text.starts_with("sep=") && text.size() > 4 && text.find_first_of("\r\n", 4) == 5;
}

bool is_blank(const std::string& field) {
  return field.find_first_not_of(" \t") == std::string::npos;
}

}  // namespace

char separator_of(std::string_view text) {
  text = without_byte_order_mark(text);
  if (is_separator_line(text)) return text[4];
  bool is_quoted = false;
  char found = ',';
  for (const char c : text.substr(std::min(text.find_first_not_of("\r\n"), text.size()))) {
    if (c == '"') is_quoted = !is_quoted;
    if (is_quoted) continue;
    if (c == ',') return c;
    if (c == '\n') break;
    if (found == ',' && (c == ';' || c == '\t')) found = c;
  }
  return found;
}

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

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name, char separator) {
  text = without_byte_order_mark(text);
  std::vector<CsvRow> rows;
  std::size_t position = 0;
  std::size_t line = 1;
  if (is_separator_line(text)) {
    position = std::min(text.find('\n'), text.size() - 1) + 1;
    ++line;
  }
  while (position < text.size()) {
    CsvRow row;
    row.line = line;
    row.fields.push_back(read_field(text, position, line, separator, name));
    while (position < text.size() && text[position] == separator) {
      ++position;
      row.fields.push_back(read_field(text, position, line, separator, name));
    }
    if (position < text.size() && text[position] == '\r') ++position;
    if (position < text.size() && text[position] == '\n') ++position;
    ++line;
    if (!std::all_of(row.fields.begin(), row.fields.end(), is_blank))
      rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace transfer
