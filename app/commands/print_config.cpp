#include "app/commands/print_config.h"

#include <fmt/format.h>

#include "app/commands/config_reference.h"
#include "app/commands/wrapped_text.h"
#include "configs/fields.h"

namespace transfer {
namespace {

constexpr std::size_t kOriginColumn = 34;

/// `  lr: 0.001                      # preset fine-tune`
std::string annotated_line(const std::string& setting, const std::string& origin) {
  const std::size_t gap = setting.size() < kOriginColumn ? kOriginColumn - setting.size() : 1;
  return fmt::format("{}{}# {}\n", setting, std::string(gap, ' '), origin);
}

}  // namespace

std::string annotated_yaml(const Config& config, const KeyOrigins& origins) {
  Config copy = config;
  std::string text =
      "# Every setting of this command, each with where its value comes from. --config reads this "
      "file.\n";
  std::string group;
  for (const Field& field : fields_of(copy)) {
    const auto dot = field.key.find('.');
    const std::string name = dot == std::string::npos ? "general" : field.key.substr(0, dot);
    const std::string indentation = dot == std::string::npos ? "" : "  ";
    if (name != group) {
      text += fmt::format("\n# {}\n", title_of_group(name));
      if (dot != std::string::npos) text += name + ":\n";
      group = name;
    }
    text += wrapped_text(field.description, indentation + "# ");
    const std::string key = dot == std::string::npos ? field.key : field.key.substr(dot + 1);
    text += annotated_line(fmt::format("{}{}: {}", indentation, key, field_text(field)),
                           origins.at(field.key));
  }
  return text;
}

}  // namespace transfer
