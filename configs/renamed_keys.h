#pragma once

#include <string>
#include <vector>

namespace transfer {

/// A key that an earlier version had under another name. Its old name is still read, with a warning.
struct RenamedKey {
  std::string old_name;
  std::string new_name;
};

/// The keys of the configuration that were renamed; none so far. Add a row when renaming.
inline const std::vector<RenamedKey> kRenamedKeys = {};

/// The name that `key` has now. Warns, once for each place, where it is an old one; `where` names
/// the place ("run.yaml:7", "--set").
std::string current_name(const std::string& key, const std::vector<RenamedKey>& renamed,
                         const std::string& where);

}  // namespace transfer
