#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace transfer {

/// JSON as every file and every `--json` has it: indented by two spaces, with a newline at its end.
/// Bytes that are not UTF-8, as a file name may have them, become U+FFFD.
std::string json_text(const nlohmann::ordered_json& json);

/// The same as one line without the newline, for JSON Lines.
std::string json_line(const nlohmann::ordered_json& json);

}  // namespace transfer
