#include "configs/group_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <filesystem>
#include <vector>

#include "core/errors.h"

namespace transfer {

struct GroupPattern::Expression {
  std::string text;
  RE2 regex;
};

namespace {

/// Names of files are bytes, and need not be UTF-8.
RE2::Options bytewise() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  return options;
}

}  // namespace

GroupPattern::GroupPattern(const std::string& expression)
    : expression_(new Expression{expression, RE2(expression, bytewise())}) {
  if (expression_->regex.ok()) return;
  throw ConfigError(
      fmt::format("data.group_by: '{}' is no regular expression: {}. Expected one such as "
                  "^([^_]+)_, whose part in round brackets is the group; there are no "
                  "backreferences, and none that look ahead or behind.",
                  expression, expression_->regex.error()));
}

GroupPattern::~GroupPattern() = default;

std::string GroupPattern::group_of(const std::string& path) const {
  const RE2& regex = expression_->regex;
  const std::string name =
      looks_into_folders() ? path : std::filesystem::path(path).filename().string();
  std::vector<re2::StringPiece> parts(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) +
                                      1);
  if (!regex.Match(name, 0, name.size(), RE2::UNANCHORED, parts.data(),
                   static_cast<int>(parts.size()))) {
    return "";
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].data() != nullptr) return parts[i].as_string();
  }
  return parts.front().as_string();
}

bool GroupPattern::looks_into_folders() const {
  return expression_->text.find('/') != std::string::npos;
}

}  // namespace transfer
