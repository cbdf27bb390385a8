#pragma once

#include <string>
#include <vector>

namespace transfer {

/// The columns of a CSV file that the user names; empty where the reader is to find them.
struct ColumnRoles {
  std::string path;
  std::string label;
  std::string split;
  std::string group;

  bool are_empty() const { return path.empty() && label.empty() && split.empty() && group.empty(); }
};

/// Reads `data.columns`: `path=NAME`, `label=NAME`, `split=NAME` and `group=NAME`, each at most
/// once. Throws ConfigError.
ColumnRoles column_roles(const std::vector<std::string>& columns);

}  // namespace transfer
