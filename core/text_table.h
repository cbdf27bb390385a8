#pragma once

#include <string>
#include <vector>

namespace transfer {

/// A column of a table for people.
struct TableColumn {
  std::string title;
  /// Whether its cells end at the same place, as numbers do.
  bool is_number = false;
};

/// The table as lines: titles, then the rows, with two spaces between columns, which are as wide on
/// a terminal as their widest cell. REQUIRES: each row has a cell for each column.
std::string text_table(const std::vector<TableColumn>& columns,
                       const std::vector<std::vector<std::string>>& rows);

}  // namespace transfer
