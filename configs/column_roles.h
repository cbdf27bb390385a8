#pragma once

#include <string>
#include <vector>

namespace transfer {

/// The columns of a CSV file that the user names; empty where the reader is to find them.
struct ColumnRoles {
  std::string path;
  std::string label;
  std::string split;
};

/// Reads `data.columns`: `path=NAME`, `label=NAME` and `split=NAME`, each at most once. Throws
/// ConfigError.
ColumnRoles column_roles(const std::vector<std::string>& columns);

}  // namespace transfer
