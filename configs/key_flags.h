#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace transfer {

/// The flag of the command line that sets a configuration key, such as `--data` for `data.path`;
/// nothing for keys that only `--set KEY=VALUE` reaches.
std::optional<std::string> flag_of_key(std::string_view key);

/// The configuration key that a flag sets; nothing for other flags.
std::optional<std::string> key_of_flag(std::string_view flag);

/// What stands for the value of a key's flag in help, such as `FILE`; empty for a switch.
std::string placeholder_of_key(std::string_view key);

/// Whether the flag of a key takes no value: it sets the key to true.
bool is_switch(std::string_view key);

}  // namespace transfer
