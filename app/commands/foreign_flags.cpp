#include "app/commands/foreign_flags.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "configs/key_description.h"
#include "core/errors.h"
#include "core/lower_case.h"

namespace transfer {
namespace {

struct ForeignFlag {
  std::string_view flag;
  /// The flag with the same meaning.
  std::string_view ours;
};

/// Those that take the same values as ours. `--out` is our own short name.
constexpr std::array kSameMeaning = {
    ForeignFlag{"--out", "--output"},          ForeignFlag{"--output-dir", "--output"},
    ForeignFlag{"--out-dir", "--output"},      ForeignFlag{"--outdir", "--output"},
    ForeignFlag{"--save-dir", "--output"},     ForeignFlag{"--exist-ok", "--overwrite"},
    ForeignFlag{"--model", "--backbone"},      ForeignFlag{"--pretrained", "--backbone"},
    ForeignFlag{"--weights", "--backbone"},    ForeignFlag{"--arch", "--backbone"},
    ForeignFlag{"--pretrained", "--weights"},  ForeignFlag{"--imgsz", "--image-size"},
    ForeignFlag{"--img-size", "--image-size"}, ForeignFlag{"--input-size", "--image-size"},
    ForeignFlag{"--bs", "--batch-size"},       ForeignFlag{"--batch", "--batch-size"},
    ForeignFlag{"--learning-rate", "--lr"},    ForeignFlag{"--num-epochs", "--epochs"},
    ForeignFlag{"--max-epochs", "--epochs"},   ForeignFlag{"--num-workers", "--workers"},
    ForeignFlag{"--data-dir", "--data"},       ForeignFlag{"--data-path", "--data"},
    ForeignFlag{"--dataset", "--data"},        ForeignFlag{"--random-seed", "--seed"},
    ForeignFlag{"--max-time", "--time-limit"}, ForeignFlag{"--weights", "--model"},
};

struct FlagAdvice {
  std::string_view flag;
  std::string_view advice;
};

/// Those that our keys do not have the names of.
constexpr std::array kAdvice = {
    FlagAdvice{"--wd",
               "--set head.weight_decay=VALUE, or --set train.weight_decay=VALUE for the "
               "backbone where layers train"},
    FlagAdvice{"--weight-decay",
               "--set head.weight_decay=VALUE, or --set train.weight_decay=VALUE "
               "for the backbone where layers train"},
    FlagAdvice{"--project", "--output FOLDER/NAME, or --name NAME for runs/NAME"},
    FlagAdvice{"--gpu", "--device cuda, or --device cuda:N for the GPU number N"},
    FlagAdvice{"--gpus", "--device cuda, or --device cuda:N for the GPU number N"},
    FlagAdvice{"--cuda", "--device cuda, or --device cuda:N for the GPU number N"},
    FlagAdvice{"--no-cuda", "--device cpu"},
    FlagAdvice{"--cpu", "--device cpu"},
    FlagAdvice{"--amp", "--set train.precision=auto"},
    FlagAdvice{"--fp16", "--set train.precision=float16"},
    FlagAdvice{"--bf16", "--set train.precision=bfloat16"},
    FlagAdvice{"--half", "--set train.precision=float16"},
    FlagAdvice{"--freeze", "--strategy freeze-conv, or --set train.freeze_stages=N"},
    FlagAdvice{"--early-stopping", "--patience N"},
    FlagAdvice{"--metric", "--set train.monitor=NAME"},
    FlagAdvice{"--eval-metric", "--set train.monitor=NAME"},
    FlagAdvice{"--val-split", "--set data.val_fraction=VALUE"},
    FlagAdvice{"--test-split", "--set data.test_fraction=VALUE"},
    FlagAdvice{"--scheduler", "--set train.schedule=NAME"},
    FlagAdvice{"--lr-scheduler", "--set train.schedule=NAME"},
    FlagAdvice{"--sched", "--set train.schedule=NAME"},
    FlagAdvice{"--opt", "--set train.optimizer=NAME"},
    FlagAdvice{"--cos-lr", "--set train.schedule=cosine"},
    FlagAdvice{"--clip-grad", "--set train.clip_norm=VALUE"},
    FlagAdvice{"--tta", "--set train.tta=flip"},
    FlagAdvice{"--smoothing", "--set head.label_smoothing=VALUE"},
    FlagAdvice{"--save-period", "--set train.checkpoint_epochs=N"},
    FlagAdvice{"--distributed", "mpirun -n N in front of the command"},
    FlagAdvice{"--nc", "Leave it out: the classes are read off the data"},
    FlagAdvice{"--num-classes", "Leave it out: the classes are read off the data"},
};

/// Flags that other programs have for the images, which ours take without a flag.
constexpr std::array kImageFlags = {std::string_view("--source"), std::string_view("--images"),
                                    std::string_view("--image"), std::string_view("--input"),
                                    std::string_view("--data")};

/// Flags that other programs have for the least probability.
constexpr std::array kConfidenceFlags = {
    std::string_view("--conf"), std::string_view("--conf-thres"), std::string_view("--threshold")};

template <typename Flags>
bool is_among(const Flags& flags, const std::string& flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

bool has_flag(const CLI::App& parser, std::string_view flag) {
  return parser.get_option_no_throw(std::string(flag)) != nullptr;
}

/// The name of the flag in an argument such as --flag=value.
std::string flag_in(const std::string& argument) { return argument.substr(0, argument.find('=')); }

/// Throws ConfigError where `foreign`, whose value may be weights, stands beside a flag that names
/// the network: one of the two would be forgotten.
void refuse_weights_apart(const std::vector<std::string>& arguments, const std::string& foreign) {
  if (foreign != "--pretrained" && foreign != "--weights") return;
  for (const std::string& argument : arguments) {
    const std::string flag = flag_in(argument);
    if (argument == "--") return;
    if (flag != "--backbone" && flag != "--model" && flag != "--arch") continue;
    throw ConfigError(fmt::format(
        "{} beside {}: each names the pretrained network, which has its weights with it. Leave {} "
        "out; a network with weights of your own is exported once: transfer backbones --export "
        "torchvision:ARCHITECTURE --weights FILE --name NAME, and --backbone NAME then.",
        foreign, flag, foreign));
  }
}

/// Throws ConfigError for --pretrained without the name of a network, or with yes or no: `value` is
/// what follows it.
void refuse_bare_pretrained(const std::string& value, const CLI::App& parser) {
  constexpr std::array kSwitchValues = {std::string_view("true"), std::string_view("false"),
                                        std::string_view("yes"),  std::string_view("no"),
                                        std::string_view("1"),    std::string_view("0")};
  const std::string lower = lower_case(value);
  if (!value.empty() && !value.starts_with("--") && !is_among(kSwitchValues, lower)) return;
  throw ConfigError(fmt::format(
      "--pretrained: pretrained weights are the default; --pretrained takes the name of a network, "
      "as --backbone does. Leave it out{}.",
      has_flag(parser, "--from-scratch")
          ? "; --strategy retrain --from-scratch draws every weight anew"
          : ""));
}

/// The keys of the configuration whose last part is the flag's name.
std::vector<std::string> keys_of_that_name(const std::string& flag) {
  std::string name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
  std::replace(name.begin(), name.end(), '-', '_');
  std::vector<std::string> settings;
  for (const KeyDescription& key : describe_config_keys()) {
    const std::string last = key.key.substr(key.key.rfind('.') + 1);
    if (last == name || key.key == name) settings.push_back(key.key);
  }
  return settings;
}

}  // namespace

void replace_foreign_flags(std::vector<std::string>& arguments, const CLI::App& parser) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string& argument = arguments[i];
    if (argument == "--") return;
    const std::string name = flag_in(argument);
    if (!name.starts_with("--") || has_flag(parser, name)) continue;
    const auto* found = std::find_if(
        kSameMeaning.begin(), kSameMeaning.end(), [&name, &parser](const ForeignFlag& foreign) {
          return foreign.flag == name && has_flag(parser, foreign.ours);
        });
    if (found == kSameMeaning.end()) continue;
    if (found->ours == "--backbone") {
      const std::string next = i + 1 < arguments.size() ? arguments[i + 1] : "";
      const bool has_value = argument.size() > name.size();
      if (name == "--pretrained") {
        refuse_bare_pretrained(has_value ? argument.substr(name.size() + 1) : next, parser);
      }
      refuse_weights_apart(arguments, name);
    }
    argument.replace(0, name.size(), found->ours);
  }
}

std::string advice_on_flag(const std::string& flag, const CLI::App& parser) {
  if (has_flag(parser, "paths") && is_among(kImageFlags, flag)) {
    return fmt::format("Give the images without a flag: transfer {} --model RUN IMAGES.",
                       parser.get_name());
  }
  if (has_flag(parser, "--min-confidence") && is_among(kConfidenceFlags, flag)) {
    return "Use --sort-into DIR --min-confidence P.";
  }
  const bool takes_settings = has_flag(parser, "--set");
  const bool reads_batch_file = parser.get_name() == "batch";
  if (!takes_settings && !reads_batch_file) return "";
  const auto keys = keys_of_that_name(flag);
  if (reads_batch_file) {
    if (keys.empty()) return "";
    return fmt::format("Set {} under `defaults:` in the batch file.", fmt::join(keys, " or "));
  }
  const auto* found = std::find_if(kAdvice.begin(), kAdvice.end(),
                                   [&flag](const FlagAdvice& one) { return one.flag == flag; });
  if (found != kAdvice.end()) {
    const bool is_sentence = found->advice.starts_with("Leave");
    return fmt::format("{}{}.", is_sentence ? "" : "Use ", found->advice);
  }
  if (keys.empty()) return "";
  return fmt::format("Use --set {}=VALUE.", fmt::join(keys, "=VALUE or --set "));
}

}  // namespace transfer
