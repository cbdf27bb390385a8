#include "configs/renamed_keys.h"

#include <algorithm>
#include <set>

#include "core/messages.h"

namespace transfer {

std::string current_name(const std::string& key, const std::vector<RenamedKey>& renamed,
                         const std::string& where) {
  const auto found = std::find_if(renamed.begin(), renamed.end(),
                                  [&key](const RenamedKey& one) { return one.old_name == key; });
  if (found == renamed.end()) return key;
  // A batch reads the same file for every job.
  static std::set<std::string> warned;
  if (warned.insert(where + key).second) {
    warn("{}: {} is now called {}; the old name still works.", where, key, found->new_name);
  }
  return found->new_name;
}

}  // namespace transfer
