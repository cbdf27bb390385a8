#include "app/report/results_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/split_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Anything but an object gives an object without keys.
ordered_json parsed_line(std::string_view line) {
  auto object = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? object : ordered_json::object();
}

/// Adds the keys that `columns` lacks, each behind the one in front of it in the object.
void add_columns(std::vector<std::string>& columns, const ordered_json& object) {
  auto behind = columns.begin();
  for (const auto& [key, value] : object.items()) {
    auto place = std::find(columns.begin(), columns.end(), key);
    if (place == columns.end()) place = columns.insert(behind, key);
    behind = place + 1;
  }
}

std::string cell_of(const ordered_json& value) {
  if (value.is_null()) return "";
  return csv_field(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string csv_row(const std::vector<std::string>& cells) {
  return fmt::format("{}\n", fmt::join(cells, ","));
}

std::string row_of_object(const std::vector<std::string>& columns, const ordered_json& object) {
  std::vector<std::string> cells;
  cells.reserve(columns.size());
  for (const std::string& column : columns) {
    const auto found = object.find(column);
    cells.push_back(found == object.end() ? "" : cell_of(*found));
  }
  return csv_row(cells);
}

}  // namespace

std::vector<std::string> result_columns(std::string_view json_lines) {
  std::vector<std::string> columns;
  for (const std::string_view line : split_text(json_lines, '\n')) {
    add_columns(columns, parsed_line(line));
  }
  return columns;
}

std::string result_row(const std::vector<std::string>& columns, std::string_view json_line) {
  const ordered_json object = parsed_line(json_line);
  for (const auto& [key, value] : object.items()) {
    if (std::find(columns.begin(), columns.end(), key) == columns.end()) return "";
  }
  return row_of_object(columns, object);
}

std::string results_table(std::string_view json_lines) {
  const auto columns = result_columns(json_lines);
  if (columns.empty()) return "";
  std::vector<std::string> header;
  for (const std::string& column : columns) header.push_back(csv_field(column));
  std::string table = csv_row(header);
  for (const std::string_view line : split_text(json_lines, '\n')) {
    const ordered_json object = parsed_line(line);
    if (!object.empty()) table += row_of_object(columns, object);
  }
  return table;
}

}  // namespace transfer
