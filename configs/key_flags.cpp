#include "configs/key_flags.h"

#include <algorithm>
#include <array>

namespace transfer {
namespace {

struct KeyFlag {
  std::string_view key;
  std::string_view flag;
  /// Stands for the value in help; empty for a switch, which takes none.
  std::string_view placeholder;
};

constexpr std::array kFlags = {
    KeyFlag{"strategy", "--strategy", "NAME"},
    KeyFlag{"quality", "--quality", "NAME"},
    KeyFlag{"data.path", "--data", "PATH"},
    KeyFlag{"task", "--task", "NAME"},
    KeyFlag{"backbone", "--backbone", "NAME|FILE"},
    KeyFlag{"seed", "--seed", "N"},
    KeyFlag{"augment.preset", "--augment", "NAME"},
    KeyFlag{"augment.views", "--augment-views", "N"},
    KeyFlag{"cut", "--cut", "STAGE"},
    KeyFlag{"train.epochs", "--epochs", "N"},
    KeyFlag{"train.batch_size", "--batch-size", "N"},
    KeyFlag{"train.lr", "--lr", "NUMBER"},
    KeyFlag{"train.patience", "--patience", "N"},
    KeyFlag{"train.time_limit", "--time-limit", "TIME"},
    KeyFlag{"train.from_scratch", "--from-scratch", ""},
    KeyFlag{"train.calibrate", "--calibrate", "WHEN"},
    KeyFlag{"train.teacher", "--teacher", "MODEL"},
    KeyFlag{"data.input_size", "--image-size", "PIXELS"},
    KeyFlag{"data.workers", "--workers", "N"},
    KeyFlag{"out", "--output", "FOLDER"},
    KeyFlag{"overwrite", "--overwrite", ""},
    KeyFlag{"device", "--device", "NAME"},
    KeyFlag{"threads", "--threads", "N"},
    KeyFlag{"trust", "--trust", "RULE"},
    KeyFlag{"trust_file", "--trust-file", "FILE"},
    KeyFlag{"report.tensorboard", "--tensorboard", "FOLDER"},
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

std::optional<std::string> key_of_flag(std::string_view flag) {
  const auto* found = std::find_if(kFlags.begin(), kFlags.end(),
                                   [flag](const KeyFlag& known) { return known.flag == flag; });
  return found == kFlags.end() ? std::nullopt : std::optional<std::string>(found->key);
}

std::string placeholder_of_key(std::string_view key) {
  const KeyFlag* flag = find_flag(key);
  return std::string(flag == nullptr ? "VALUE" : flag->placeholder);
}

bool is_switch(std::string_view key) {
  const KeyFlag* flag = find_flag(key);
  return flag != nullptr && flag->placeholder.empty();
}

}  // namespace transfer
