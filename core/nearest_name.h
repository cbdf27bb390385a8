#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The candidate with the smallest edit distance to `name` (Levenshtein), or an empty string when
/// none is near enough to be what the user meant.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

/// "; did you mean 'X'?" for the nearest candidate, else "; known: a, b, c".
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

/// The end of a sentence about an unknown name that another sentence follows: "; did you mean
/// 'X'?", or "." where no candidate is near.
std::string nearest_or_stop(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace transfer
