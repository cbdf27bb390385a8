#include "app/commands/flag_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/whole_number.h"

namespace transfer {

CLI::Validator one_of(const std::vector<std::string>& choices) {
  return {[choices](const std::string& value) -> std::string {
            if (std::find(choices.begin(), choices.end(), value) != choices.end()) return "";
            return fmt::format("unknown value '{}'{}", value, suggestion(value, choices));
          },
          fmt::format("{{{}}}", fmt::join(choices, ","))};
}

CLI::Validator whole_number(std::int64_t smallest, std::int64_t largest) {
  return {[smallest, largest](std::string& value) -> std::string {
            const auto number = parse_whole_number(value);
            if (!number || *number < smallest || *number > largest) {
              return fmt::format("found '{}', expected a whole number from {} to {}", value,
                                 smallest, largest);
            }
            value = fmt::format("{}", *number);
            return "";
          },
          fmt::format("{{{}..{}}}", smallest, largest)};
}

void require_input_settings(const std::string& command, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    if (setting.starts_with("input.") || setting.starts_with("data.input_size") ||
        setting.starts_with("data.resize")) {
      continue;
    }
    throw ConfigError(
        fmt::format("{}: --set {} has no effect. Expected input.channels, input.mean, input.std, "
                    "input.scale, input.order, data.input_size or data.resize.",
                    command, setting));
  }
}

}  // namespace transfer
