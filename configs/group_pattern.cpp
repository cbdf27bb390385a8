#include "configs/group_pattern.h"

#include <fmt/format.h>

#include <filesystem>
#include <regex>

#include "core/errors.h"

namespace transfer {

struct GroupPattern::Expression {
  std::string text;
  std::regex regex;
};

GroupPattern::GroupPattern(const std::string& expression) {
  try {
    expression_ = std::make_unique<const Expression>(expression, std::regex(expression));
  } catch (const std::regex_error& error) {
    throw ConfigError(
        fmt::format("data.group_by: '{}' is no regular expression: {}. Expected one such as "
                    "^([^_]+)_, whose part in round brackets is the group.",
                    expression, error.what()));
  }
}

GroupPattern::~GroupPattern() = default;

std::string GroupPattern::group_of(const std::string& path) const {
  const bool takes_path = expression_->text.find('/') != std::string::npos;
  const std::string name = takes_path ? path : std::filesystem::path(path).filename().string();
  std::smatch match;
  try {
    if (!std::regex_search(name, match, expression_->regex)) return "";
  } catch (const std::regex_error& error) {
    throw ConfigError(
        fmt::format("data.group_by: '{}' cannot be searched for in '{}': {}. Expected "
                    "a simpler expression.",
                    expression_->text, name, error.what()));
  }
  for (std::size_t i = 1; i < match.size(); ++i) {
    if (match[i].matched) return match[i].str();
  }
  return match.str();
}

}  // namespace transfer
