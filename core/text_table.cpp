#include "core/text_table.h"

#include <algorithm>

#include "core/display_width.h"

namespace transfer {
namespace {

std::string line_of(const std::vector<std::string>& cells, const std::vector<TableColumn>& columns,
                    const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (c > 0) line += "  ";
    const std::string spaces(widths[c] - display_width(cells[c]), ' ');
    line += columns[c].is_number ? spaces + cells[c] : cells[c] + spaces;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string text_table(const std::vector<TableColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::string> titles;
  for (const TableColumn& column : columns) titles.push_back(column.title);
  std::vector<std::size_t> widths;
  for (const std::string& title : titles) widths.push_back(display_width(title));
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      widths[c] = std::max(widths[c], display_width(row[c]));
    }
  }
  std::string text = line_of(titles, columns, widths);
  for (const auto& row : rows) text += line_of(row, columns, widths);
  return text;
}

}  // namespace transfer
