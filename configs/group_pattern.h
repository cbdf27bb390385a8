#pragma once

#include <memory>
#include <string>

namespace transfer {

/// Finds the group of an image, such as the patient, in its name: what `data.group_by` holds.
class GroupPattern {
 public:
  /// A regular expression of RE2, whose search takes time in proportion to the path's length; it
  /// has no backreferences and does not look around. Throws ConfigError where it is none.
  explicit GroupPattern(const std::string& expression);
  ~GroupPattern();
  GroupPattern(const GroupPattern&) = delete;
  GroupPattern& operator=(const GroupPattern&) = delete;

  /// The group of an image at this path below the data: what the first (…) that took part in the
  /// match holds, else the whole match; empty where nothing matches. The expression is searched in
  /// the file name, or in the whole path if it holds a slash.
  std::string group_of(const std::string& path) const;

  /// Whether the expression is searched in the whole path.
  bool looks_into_folders() const;

 private:
  struct Expression;
  std::unique_ptr<const Expression> expression_;
};

}  // namespace transfer
