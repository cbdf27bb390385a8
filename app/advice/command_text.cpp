#include "app/advice/command_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "configs/key_flags.h"
#include "core/shell_word.h"

namespace transfer {

std::string command_text(const ConfigSources& sources) {
  std::string text = "transfer";
  const auto add = [&text](const std::string& flag, const std::string& value) {
    text += " " + flag + " " + shell_word(value);
  };
  // The last value of each key, in the order of first use, with the strategy in front.
  std::vector<std::pair<std::string, std::string>> flags;
  for (const auto& [key, value] : sources.flags) {
    if (key == "out" || key == "overwrite") continue;
    const auto same = std::find_if(flags.begin(), flags.end(),
                                   [&key = key](const auto& flag) { return flag.first == key; });
    if (same != flags.end()) {
      same->second = value;
    } else {
      flags.insert(key == "strategy" ? flags.begin() : flags.end(), {key, value});
    }
  }
  for (const auto& [key, value] : flags) {
    const auto flag = flag_of_key(key);
    if (!flag) {
      add("--set", key + "=" + value);
    } else if (is_switch(key)) {
      text += " " + *flag;
    } else {
      add(*flag, value);
    }
  }
  if (!sources.preset.empty()) add("--preset", sources.preset);
  for (const auto& layer : sources.layers) {
    for (const auto& setting : layer) add("--set", setting.key + "=" + setting.value);
  }
  for (const auto& file : sources.files) add("--config", file.string());
  for (const auto& setting : sources.settings) add("--set", setting);
  return text;
}

}  // namespace transfer
