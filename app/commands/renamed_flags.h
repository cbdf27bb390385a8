#pragma once

#include <string>
#include <vector>

namespace transfer {

/// Replaces flags that an earlier version called otherwise, in `arguments`, of which the first
/// names the command, with a warning for each.
void replace_renamed_flags(std::vector<std::string>& arguments);

}  // namespace transfer
