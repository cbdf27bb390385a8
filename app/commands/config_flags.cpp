#include "app/commands/config_flags.h"

#include <fmt/format.h>

#include "app/commands/flag_checks.h"
#include "configs/key_flags.h"

namespace transfer {
namespace {

constexpr const char* kDeviceHelp = "auto, cpu, cuda or cuda:N";
constexpr const char* kThreadsHelp = "Threads for arithmetic; 0 takes all cores";
constexpr const char* kTrustHelp =
    "Which model files may load, each of which holds a program: checked (default: operators on "
    "tensors alone), sha256:DIGITS (only that file), pinned, ask, always";
constexpr const char* kTrustFileHelp = "File of trusted hashes, as sha256sum prints them";

}  // namespace

void add_key_flag(CLI::App& parser, ConfigSources& sources, const std::string& key,
                  const std::string& help) {
  const std::string flag = flag_of_key(key).value();
  const std::string text = fmt::format("{} [{}]", help, key);
  const auto set = [&sources, key](const std::string& value) {
    sources.flags.emplace_back(key, value);
  };
  if (is_switch(key)) {
    parser.add_flag_callback(
        flag, [set] { set("true"); }, text);
  } else {
    parser.add_option_function<std::string>(flag, set, text)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

void add_config_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "data.path",
               "Folder {train,val[,test]}/CLASS/* or CLASS/*, a CSV path,label[,split], or a "
               "folder of IDX files");
  add_key_flag(parser, sources, "task",
               "classification (default), or regression: numbers from a CSV path,NUMBER,…[,split]");
  add_key_flag(parser, sources, "backbone",
               "TorchScript file, exported name, or flatten (pixels, no file)");
  add_key_flag(parser, sources, "seed", "Seed of everything random");
  add_key_flag(parser, sources, "augment.preset", "none, light, standard, strong");
  add_trust_key_flags(parser, sources);
  parser.add_option("--preset", sources.preset,
                    "Settings under presets/; default: the strategy's own");
  parser.add_option("--config", sources.files, "YAML file with settings; wins over the preset");
  parser.add_option("--set", sources.settings, "KEY=VALUE; wins over files")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_machine_key_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "device", kDeviceHelp);
  add_key_flag(parser, sources, "threads", kThreadsHelp);
}

void add_trust_key_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "trust", kTrustHelp);
  add_key_flag(parser, sources, "trust_file", kTrustFileHelp);
}

void add_trust_flags(CLI::App& parser, std::string& trust, std::string& trust_file) {
  parser.add_option("--trust", trust, kTrustHelp);
  parser.add_option("--trust-file", trust_file, kTrustFileHelp);
}

void add_machine_flags(CLI::App& parser, std::string& device, std::int64_t& threads) {
  parser.add_option("--device", device, kDeviceHelp);
  parser.add_option("--threads", threads, kThreadsHelp)->transform(whole_number(0, 4096));
}

void add_image_limit(CLI::App& parser, std::int64_t& max_image_bytes) {
  parser
      .add_option("--max-image-bytes", max_image_bytes,
                  "Most bytes of an image file and of its decoded pixels, as data.max_image_bytes")
      ->transform(whole_number(1024, 1'000'000'000'000));
}

}  // namespace transfer
