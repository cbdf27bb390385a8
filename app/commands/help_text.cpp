#include "app/commands/help_text.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/commands/config_reference.h"
#include "app/commands/examples.h"
#include "app/commands/wrapped_text.h"
#include "core/exit_code.h"

namespace transfer {
namespace {

constexpr const char* kFirstSteps =
    R"(transfer: train an image classifier on your own images, from a pretrained network.

First steps, with a folder pets/ that holds a folder of images for each class:
  transfer train --data pets                       writes runs/TIME-pets-freeze-conv/model.pt
  transfer predict --model runs/NAME/model.pt photo.jpg
  transfer evaluate --model runs/NAME/model.pt --data pets
  transfer preview --data pets                     shows what the network will see
  transfer advise --data pets                      which strategy suits the images, and why

`transfer --help` lists all commands, `transfer COMMAND --help` the flags of one, and
`transfer config` all settings.
)";

constexpr const char* kFooter = R"(
Examples:
  transfer --data pets                             train on pets/CLASS/*.jpg
  transfer --data pets --strategy fine-tune --epochs 20
  transfer predict --model runs/NAME/model.pt photo.jpg
  transfer batch jobs.yaml --output runs/study

`train` is the default: `transfer --data pets` is `transfer train --data pets`.
`transfer COMMAND --help` lists the flags of a command, `transfer config` all settings.

A model file holds a program. Files whose programs do more than compute with tensors are refused;
--trust sha256:DIGITS loads only that file. SECURITY.md says more.

)";

constexpr std::size_t kNameWidth = 28;

/// A name and, in a column of its own, what it means.
std::string help_entry(const std::string& name, const std::string& text) {
  const std::string indentation(kNameWidth + 2, ' ');
  std::string entry = "  " + name;
  bool is_first = name.size() < kNameWidth;
  if (!is_first) entry += "\n";
  for (const std::string& line : lines_of_words(text, kWidestLine - indentation.size())) {
    entry += is_first ? std::string(kNameWidth - name.size(), ' ') + line : indentation + line;
    entry += "\n";
    is_first = false;
  }
  return entry;
}

/// The configuration key that the help of a flag ends with, in brackets; empty where there is none.
std::string key_in(const std::string& text) {
  const auto open = text.rfind('[');
  if (open == std::string::npos || !text.ends_with(']')) return "";
  return text.substr(open + 1, text.size() - open - 2);
}

/// "30; fine-tune: 10": the default of a key, and what presets make of it. Empty where a key has
/// none that could be shown.
std::string default_of_key(const std::string& name) {
  static const std::vector<ReferenceGroup> groups = configuration_reference();
  for (const ReferenceGroup& group : groups) {
    for (const ReferenceKey& key : group.keys) {
      if (key.description.key != name) continue;
      std::string text = key.description.default_value;
      if (text == "\"\"") return "";
      for (const auto& [preset, value] : key.presets)
        text += fmt::format("; {}: {}", preset, value);
      return text;
    }
  }
  return "";
}

/// A flag's help with its default.
std::string help_of_option(const CLI::Option& option) {
  std::string text = option.get_description();
  const std::string key = key_in(text);
  const bool has_value = option.get_items_expected_max() > 0;
  const std::string given =
      key.empty() || !has_value ? option.get_default_str() : default_of_key(key);
  if (!key.empty()) text.resize(text.size() - key.size() - 3);
  std::string facts;
  const auto add = [&facts](const std::string& fact) {
    if (!fact.empty()) facts += (facts.empty() ? "" : ", ") + fact;
  };
  add(option.get_required() ? "required" : "");
  add(given.empty() ? "" : "default " + given);
  add(key.empty() ? "" : "key " + key);
  return facts.empty() ? text : fmt::format("{} [{}]", text, facts);
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string text = fmt::format("\nUsage: {}", name);
    const auto commands = app->get_subcommands([](const CLI::App*) { return true; });
    if (!commands.empty()) text += " COMMAND";
    text += " [FLAGS]";
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional()) continue;
      const bool repeats = option->get_items_expected_max() > 1;
      const std::string word = value_placeholder(*option) + (repeats ? "..." : "");
      text += option->get_required() ? " " + word : " [" + word + "]";
    }
    return text + "\n";
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string name = value_placeholder(*option);
    if (!is_positional) {
      std::string flags;
      for (const auto& letter : option->get_snames()) flags += "-" + letter + ", ";
      for (const auto& word : option->get_lnames()) flags += "--" + word + ", ";
      flags.resize(flags.size() - 2);
      name = name.empty() ? flags : flags + " " + name;
    }
    return help_entry(name, help_of_option(*option));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return help_entry(command->get_name(), command->get_description());
  }
};

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->label("OPTIONS", "Flags");
  return formatter;
}

std::string help_of(const CLI::App& command) {
  std::string path;
  for (const CLI::App* above = command.get_parent(); above != nullptr;
       above = above->get_parent()) {
    path = above->get_name() + (path.empty() ? "" : " " + path);
  }
  return command.help(path);
}

void add_examples(CLI::App& command) {
  std::string path = command.get_name();
  for (const CLI::App* above = command.get_parent(); above->get_parent() != nullptr;
       above = above->get_parent()) {
    path = above->get_name() + " " + path;
  }
  const std::string examples = examples_of(path);
  if (!examples.empty()) {
    const std::string before = command.get_footer();
    command.footer(before.empty() ? examples : before + "\n\n" + examples);
  }
  for (CLI::App* part : command.get_subcommands([](const CLI::App*) { return true; })) {
    add_examples(*part);
  }
}

std::string first_steps() { return kFirstSteps; }

std::string footer_of_program() { return kFooter + exit_codes_text(); }

std::string value_placeholder(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const std::string type = option.get_type_name();
  const std::string name = type.substr(0, type.find(':'));  // a check's description follows
  if (option.get_positional()) return option.get_name();
  if (name == "INT" || name == "UINT") return "N";
  return name == "FLOAT" ? "NUMBER" : name;
}

}  // namespace transfer
