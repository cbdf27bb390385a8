#include "app/commands/renamed_flags.h"

#include <array>
#include <string_view>

#include "core/messages.h"

namespace transfer {
namespace {

struct RenamedFlag {
  std::string_view command;
  std::string_view old_flag;
  std::string_view new_flag;
};

/// Flags that were renamed and are still read. Add a row when renaming; a key of the
/// configuration belongs in configs/renamed_keys.h.
constexpr std::array kRenamedFlags = {RenamedFlag{"preview", "--pictures", "--images"},
                                      RenamedFlag{"preview", "--file", "--output"},
                                      RenamedFlag{"lr-find", "--file", "--output"}};

}  // namespace

void replace_renamed_flags(std::vector<std::string>& arguments) {
  if (arguments.empty()) return;
  for (const RenamedFlag& flag : kRenamedFlags) {
    if (flag.command != arguments.front()) continue;
    for (std::string& argument : arguments) {
      const std::string name = argument.substr(0, argument.find('='));  // --flag=value
      if (name != flag.old_flag) continue;
      warn("{} is now called {}; the old name still works.", flag.old_flag, flag.new_flag);
      argument.replace(0, name.size(), flag.new_flag);
    }
  }
}

}  // namespace transfer
