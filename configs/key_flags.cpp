#include "configs/key_flags.h"

#include <algorithm>
#include <array>

namespace transfer {
namespace {

struct KeyFlag {
  std::string_view key;
  std::string_view flag;
  bool is_switch = false;
};

constexpr std::array kFlags = {
    KeyFlag{"strategy", "--strategy"},
    KeyFlag{"data.path", "--data"},
    KeyFlag{"task", "--task"},
    KeyFlag{"backbone", "--backbone"},
    KeyFlag{"seed", "--seed"},
    KeyFlag{"augment.preset", "--augment"},
    KeyFlag{"augment.views", "--augment-views"},
    KeyFlag{"cut", "--cut"},
    KeyFlag{"train.from_scratch", "--from-scratch", /*is_switch=*/true},
    KeyFlag{"out", "--out"},
    KeyFlag{"overwrite", "--overwrite", /*is_switch=*/true},
    KeyFlag{"device", "--device"},
    KeyFlag{"threads", "--threads"},
    KeyFlag{"trust", "--trust"},
    KeyFlag{"trust_file", "--trust-file"},
    KeyFlag{"report.tensorboard", "--tensorboard"},
};

const KeyFlag* find_flag(std::string_view key) {
  const auto* found = std::find_if(kFlags.begin(), kFlags.end(),
                                   [key](const KeyFlag& flag) { return flag.key == key; });
  return found == kFlags.end() ? nullptr : found;
}

}  // namespace

std::optional<std::string> flag_of_key(std::string_view key) {
  const KeyFlag* flag = find_flag(key);
  return flag == nullptr ? std::nullopt : std::optional<std::string>(flag->flag);
}

bool is_switch(std::string_view key) {
  const KeyFlag* flag = find_flag(key);
  return flag != nullptr && flag->is_switch;
}

}  // namespace transfer
