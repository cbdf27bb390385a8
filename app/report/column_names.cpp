#include "app/report/column_names.h"

#include <set>

namespace transfer {

std::vector<std::string> distinct_columns(const std::vector<std::string>& names,
                                          const std::vector<std::string>& taken,
                                          const std::string& prefix) {
  const std::set<std::string> fixed(taken.begin(), taken.end());
  std::set<std::string> used = fixed;
  used.insert(names.begin(), names.end());
  std::vector<std::string> columns;
  for (const std::string& name : names) {
    std::string column = name;
    if (fixed.contains(name)) {
      while (used.contains(column)) column.insert(0, prefix);
      used.insert(column);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace transfer
