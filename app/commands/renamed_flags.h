#pragma once

#include <string>
#include <vector>

namespace transfer {

/// Replaces flags that an earlier version had under another name in `arguments`, whose first entry
/// names the command. Warns of each.
void replace_renamed_flags(std::vector<std::string>& arguments);

}  // namespace transfer
