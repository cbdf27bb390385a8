#include "configs/column_roles.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace transfer {
namespace {

/// The member of that name; nullptr where there is none.
std::string* member_of(ColumnRoles& roles, const std::string& role) {
  if (role == "path") return &roles.path;
  if (role == "label") return &roles.label;
  if (role == "split") return &roles.split;
  return role == "group" ? &roles.group : nullptr;
}

}  // namespace

ColumnRoles column_roles(const std::vector<std::string>& columns) {
  ColumnRoles roles;
  for (const std::string& column : columns) {
    const std::size_t equals = column.find('=');
    std::string* member = member_of(roles, column.substr(0, equals));
    if (member == nullptr || equals == std::string::npos || equals + 1 == column.size()) {
      throw ConfigError(fmt::format(
          "data.columns: found '{}'. Expected path=NAME, label=NAME, split=NAME or group=NAME.",
          column));
    }
    if (!member->empty()) {
      throw ConfigError(fmt::format("data.columns: '{}' is named twice. Leave one out.",
                                    column.substr(0, equals)));
    }
    *member = column.substr(equals + 1);
  }
  return roles;
}

}  // namespace transfer
