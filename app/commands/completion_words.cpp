#include "app/commands/completion_words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <variant>

#include "app/commands/command.h"
#include "app/commands/config_reference.h"
#include "app/commands/help_text.h"
#include "configs/config.h"
#include "configs/device_choice.h"
#include "configs/fields.h"
#include "configs/key_description.h"
#include "configs/key_flags.h"
#include "core/split_text.h"
#include "core/trust.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Values that the table of keys does not list: paths, and names that other tables hold.
Offer offer_of_key(const Field& field) {
  const std::map<std::string, Offer> special = {
      {"strategy", {strategy_choices()}},
      {"backbone",
       {{Config{}.backbone, "efficientnet-lite1", "efficientnet-lite2", kFlattenBackbone},
        Paths::kFiles}},
      {"device", {all_names<DeviceKind>()}},
      {"data.path", {{}, Paths::kFiles}},
      {"out", {{}, Paths::kFolders}},
      {"cache.dir", {{}, Paths::kFolders}},
      {"report.tensorboard", {{}, Paths::kFolders}},
      {"train.tta", {{"none", "flip"}}},
      {"train.teacher", {{}, Paths::kFiles}},
      {"trust", {all_names<TrustRule>()}},
      {"trust_file", {{}, Paths::kFiles}},
  };
  if (const auto found = special.find(field.key); found != special.end()) return found->second;
  if (auto choices = choices_of(field); !choices.empty()) return {std::move(choices)};
  if (std::holds_alternative<bool*>(field.target)) return {{"true", "false"}};
  const bool may_be_auto = std::holds_alternative<std::optional<std::int64_t>*>(field.target) ||
                           std::holds_alternative<std::optional<double>*>(field.target);
  return may_be_auto ? Offer{{"auto"}} : Offer{};
}

std::vector<KeyWords> key_words() {
  Config config;
  std::vector<KeyWords> keys;
  for (const Field& field : fields_of(config)) {
    keys.push_back({field.key, field.description, expected_value(field), field.unit,
                    field_text(field), field.example, offer_of_key(field)});
  }
  return keys;
}

std::vector<KeyWords> batch_file_words() {
  auto descriptions = describe_batch_keys();
  for (KeyDescription& key : describe_slurm_keys()) descriptions.push_back(std::move(key));
  std::vector<KeyWords> keys;
  for (KeyDescription& key : descriptions) {
    keys.push_back({key.key,
                    key.description,
                    key.value,
                    key.unit,
                    key.default_value,
                    key.example,
                    {key.choices}});
  }
  return keys;
}

/// The words of a check by one_of(), whose description is "{train,val,test}".
std::vector<std::string> checked_choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  const std::string list = type.substr(open + 1, close - open - 1);
  if (list.find("..") != std::string::npos) return {};  // a range of numbers
  const auto words = split_text(list, ',');
  return {words.begin(), words.end()};
}

/// What `transfer config` explains.
std::vector<std::string> names_to_explain(const ProgramWords& program) {
  std::vector<std::string> names = reference_group_names();
  for (const auto* keys : {&program.keys, &program.batch_file_keys}) {
    for (const KeyWords& key : *keys) {
      const bool is_new = std::find(names.begin(), names.end(), key.key) == names.end();
      if (is_new) names.push_back(key.key);  // `slurm` is a group and a key
    }
  }
  return names;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) names.push_back(command.name);
  return names;
}

/// `name` is a flag, or a positional argument's name in messages.
Offer offer_of(const CLI::Option& option, const std::string& name, const ProgramWords& program) {
  if (auto choices = checked_choices(option); !choices.empty()) return {std::move(choices)};
  const std::string placeholder = value_placeholder(option);
  if (placeholder == "FILE" || placeholder == "FOLDER|FILE") return {{}, Paths::kFiles};
  for (const KeyWords& key : program.keys) {
    if (flag_of_key(key.key) == name) return key.offer;
  }
  const std::map<std::string, Offer> special = {
      {"--preset", {list_presets()}},         {"--resume", {{}, Paths::kFolders}},
      {"--status", {{}, Paths::kFolders}},     // batch
      {"paths", {{}, Paths::kFiles}},          // predict, embed, explain, neighbours
      {"--report", {{}, Paths::kFolders}},     // evaluate
      {"--sort-into", {{}, Paths::kFolders}},  // predict
      {"--to", {{}, Paths::kFiles}},           // check
      {"--tta", {{"none", "flip"}}},           // predict, evaluate
      {"file", {{}, Paths::kFiles}},           // batch
      {"folder", {{}, Paths::kFolders}},       // cache
      {"folders", {{}, Paths::kFolders}},      // runs
      {"runs", {{}, Paths::kFolders}},         // compare, soup
      {"models", {{}, Paths::kFiles}},         // ensemble
      {"name", {names_to_explain(program)}},   // config
      {"command", {command_names()}},          // help
  };
  const auto found = special.find(name);
  return found == special.end() ? Offer{} : found->second;
}

ArgumentWords argument_words(const CLI::Option& option, const ProgramWords& program) {
  ArgumentWords words;
  words.help = option.get_description();
  if (option.get_positional()) {
    words.names = {option.get_name()};
    words.placeholder = option.get_name();
  } else {
    for (const auto& name : option.get_snames()) words.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) words.names.push_back("--" + name);
    words.placeholder = value_placeholder(option);
  }
  words.is_setting = words.names.back() == "--set";
  words.offer = offer_of(option, words.names.back(), program);
  return words;
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

void collect(const CLI::App& command, const std::string& name, ProgramWords& program) {
  const auto parts = subcommands(command);
  if (!parts.empty()) {
    program.groups.push_back({name, command.get_description()});
    for (const CLI::App* part : parts) collect(*part, name + " " + part->get_name(), program);
    return;
  }
  CommandWords words{name, command.get_description(), {}, {}, {}};
  if (command.get_footer() != program.footer) words.footer = command.get_footer();
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;  // hidden: a former name
    auto& list = option->get_positional() ? words.arguments : words.flags;
    list.push_back(argument_words(*option, program));
  }
  program.commands.push_back(std::move(words));
}

}  // namespace

ProgramWords words_of(const CLI::App& app) {
  ProgramWords program{app.get_description(), app.get_footer(),  {}, {},
                       key_words(),           batch_file_words()};
  for (const CLI::App* command : subcommands(app)) collect(*command, command->get_name(), program);
  return program;
}

std::vector<GroupWords> first_words(const ProgramWords& program) {
  std::vector<GroupWords> words;
  for (const CommandWords& command : program.commands) {
    if (command.name.find(' ') == std::string::npos) words.push_back({command.name, command.help});
  }
  words.insert(words.end(), program.groups.begin(), program.groups.end());
  return words;
}

std::vector<GroupWords> words_in_group(const ProgramWords& program, const std::string& group) {
  std::vector<GroupWords> words;
  for (const CommandWords& command : program.commands) {
    if (command.name.starts_with(group + " ")) {
      words.push_back({command.name.substr(group.size() + 1), command.help});
    }
  }
  return words;
}

}  // namespace transfer
