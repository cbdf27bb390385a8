#pragma once

#include <string>
#include <vector>

namespace transfer {

/// Names for columns of a table that has the columns `taken` already: a name that is taken gets
/// `prefix` in front, as often as it takes, so that no two columns share a name.
std::vector<std::string> distinct_columns(const std::vector<std::string>& names,
                                          const std::vector<std::string>& taken,
                                          const std::string& prefix);

}  // namespace transfer
