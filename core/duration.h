#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace transfer {

/// The seconds that a text means: "90", "90s", "30m", "2h", "1h30m", "1.5h" or "2d". Empty for any
/// other text.
std::optional<double> parse_duration(std::string_view text);

/// The shortest text of whole units that parse_duration() reads back: "90s", "30m", "2h". 0 is "0".
std::string duration_setting(double seconds);

}  // namespace transfer
