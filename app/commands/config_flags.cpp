#include "app/commands/config_flags.h"

#include <fmt/format.h>

#include "app/commands/flag_checks.h"
#include "configs/key_flags.h"

namespace transfer {
namespace {

constexpr const char* kDeviceHelp =
    "Where to compute: cpu, cuda, cuda:N, or auto, which takes a GPU where there is one";
constexpr const char* kThreadsHelp = "Threads for arithmetic; 0 takes all cores";
constexpr const char* kTrustHelp =
    "Which model files may load, each of which holds a program: checked (operators on tensors "
    "alone), sha256:DIGITS (only that file), pinned, ask, always";
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
        ->type_name(placeholder_of_key(key))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

void add_config_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "data.path",
               "The images: a folder {train,val[,test]}/CLASS/* or CLASS/*, a CSV "
               "path,label[,split], or a folder of IDX files");
  add_key_flag(parser, sources, "task",
               "classification, or regression: numbers from a CSV path,NUMBER,…[,split]");
  add_key_flag(parser, sources, "backbone",
               "The pretrained network: a TorchScript file, an exported name, "
               "torchvision:ARCHITECTURE, timm:ARCHITECTURE, or flatten (pixels, no file); "
               "`transfer backbones` lists them");
  add_key_flag(parser, sources, "data.input_size",
               "Side of the images that the network sees, or HEIGHTxWIDTH; 0: the backbone's own");
  add_key_flag(parser, sources, "augment.preset",
               "Random changes to training images: none, light, standard or strong");
  add_key_flag(parser, sources, "seed", "Seed of everything random");
  add_trust_key_flags(parser, sources);
  parser
      .add_option("--preset", sources.preset,
                  "Settings under presets/ in place of the strategy's own")
      ->type_name("NAME");
  parser.add_option("--config", sources.files, "YAML file with settings; wins over the preset")
      ->type_name("FILE");
  parser
      .add_option("--set", sources.settings,
                  "Any other setting, such as train.optimizer=adamw; wins over files")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_step_key_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "train.epochs",
               "Passes over the training images (lbfgs has train.iterations)");
  add_key_flag(parser, sources, "train.lr", "Peak learning rate; for sgd and adamw");
  add_key_flag(parser, sources, "train.patience",
               "Epochs without a better train.monitor before training stops; 0: never");
}

void add_batch_size_flag(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "train.batch_size", "Images per batch; for sgd and adamw");
}

void add_machine_key_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "device", kDeviceHelp);
  add_key_flag(parser, sources, "threads", kThreadsHelp);
  add_key_flag(parser, sources, "data.workers",
               "Threads that read and augment images; 0: as many as --threads");
}

void add_trust_key_flags(CLI::App& parser, ConfigSources& sources) {
  add_key_flag(parser, sources, "trust", kTrustHelp);
  add_key_flag(parser, sources, "trust_file", kTrustFileHelp);
}

void add_trust_flags(CLI::App& parser, std::string& trust, std::string& trust_file) {
  parser.add_option("--trust", trust, kTrustHelp)->type_name("RULE")->capture_default_str();
  parser.add_option("--trust-file", trust_file, kTrustFileHelp)->type_name("FILE");
}

void add_machine_flags(CLI::App& parser, std::string& device, std::int64_t& threads) {
  parser.add_option("--device", device, kDeviceHelp)->type_name("NAME")->capture_default_str();
  parser.add_option("--threads", threads, kThreadsHelp)
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(0, 4096));
}

void add_network_flag(CLI::App& parser, std::string& network) {
  parser
      .add_option("--model,--backbone", network,
                  "Run directory, TorchScript file, exported name, torchvision:ARCHITECTURE or "
                  "timm:ARCHITECTURE")
      ->type_name("NAME|FILE")
      ->required();
}

void add_image_limit(CLI::App& parser, std::int64_t& max_image_bytes) {
  parser
      .add_option("--max-image-bytes", max_image_bytes,
                  "Most bytes of an image file and of its decoded pixels, as data.max_image_bytes")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1024, 1'000'000'000'000));
}

}  // namespace transfer
