#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "app/commands/completion_words.h"
#include "core/exit_code.h"

namespace transfer {
namespace {

/// Text as roff prints it literally.
std::string roff_escaped(const std::string& text) {
  std::string result;
  bool starts_line = true;
  for (const char letter : text) {
    if (starts_line && (letter == '.' || letter == '\'')) result += "\\&";
    starts_line = letter == '\n';
    switch (letter) {
      case '\\': result += "\\e"; break;
      case '-': result += "\\-"; break;
      case '\'': result += "\\(aq"; break;
      case '`': result += "\\(ga"; break;
      case '^': result += "\\(ha"; break;
      case '~': result += "\\(ti"; break;
      default: result += letter;
    }
  }
  return result;
}

/// Text that roff fills, in lines of at most 79 bytes where words allow.
std::string roff_text(const std::string& text) {
  constexpr std::size_t kWidest = 79;
  std::istringstream words(text);
  std::string result;
  std::string line;
  for (std::string word; words >> word;) {
    const std::string longer = line.empty() ? word : line + " " + word;
    if (!line.empty() && roff_escaped(longer).size() > kWidest) {
      result += roff_escaped(line) + "\n";
      line = word;
    } else {
      line = longer;
    }
  }
  return result + roff_escaped(line) + "\n";
}

/// Lines exactly as they are, without the empty ones around them.
std::string roff_verbatim(const std::string& text) {
  const auto first = text.find_first_not_of('\n');
  if (first == std::string::npos) return "";
  const auto last = text.find_last_not_of('\n');
  return ".nf\n" + roff_escaped(text.substr(first, last - first + 1)) + "\n.fi\n";
}

std::string roff_synopsis(const CommandWords& command) {
  std::string text =
      fmt::format("\\fBtransfer {}\\fR [\\fIOPTIONS\\fR]", roff_escaped(command.name));
  for (const ArgumentWords& argument : command.arguments) {
    text += fmt::format(" \\fI{}\\fR", roff_escaped(argument.placeholder));
  }
  return text;
}

std::string roff_paragraph(const ArgumentWords& argument) {
  std::string names;
  for (const std::string& name : argument.names) {
    names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff_escaped(name));
  }
  if (!argument.placeholder.empty() && argument.names.front().starts_with("-")) {
    names += fmt::format(" \\fI{}\\fR", roff_escaped(argument.placeholder));
  }
  return fmt::format(".TP\n{}\n{}", names, roff_text(argument.help));
}

std::string roff_command(const CommandWords& command) {
  std::string text =
      fmt::format(".SS transfer {}\n{}", roff_escaped(command.name), roff_text(command.help + "."));
  for (const ArgumentWords& argument : command.arguments) text += roff_paragraph(argument);
  for (const ArgumentWords& flag : command.flags) text += roff_paragraph(flag);
  return command.footer.empty() ? text : text + ".PP\n" + roff_verbatim(command.footer);
}

std::string roff_key(const KeyWords& key) {
  std::string text = fmt::format(".TP\n\\fB{}\\fR\n", roff_escaped(key.key));
  text += roff_text(key.description) + ".br\n";
  const std::string unit = key.unit == "none" ? "" : ", in " + key.unit;
  text += roff_text(fmt::format("Expected: {}{}.", key.expected, unit));
  const bool is_empty = key.default_value == "\"\"" || key.default_value == "[]";
  text += roff_text(key.default_value.empty()
                        ? "Required."
                        : fmt::format("Default: {}.", is_empty ? "empty" : key.default_value));
  return key.example.empty() ? text : text + roff_text(fmt::format("Example: {}.", key.example));
}

std::string roff_exit_codes() {
  std::string text = ".SH EXIT STATUS\n";
  for (const ExitCodeFacts& facts : list_exit_codes()) {
    text +=
        fmt::format(".TP\n.B {}\n{}", status_of(facts.code), roff_text(std::string(facts.meaning)));
  }
  return text;
}

constexpr const char* kRoffFiles = R"(.SH ENVIRONMENT
.TP
.B TRANSFER_MODELS
A folder that is searched first for backbones by name, and to which they are exported.
.TP
.B TRANSFER_PYTHON
The Python with torch that exports backbones, in place of the one that is found.
.SH FILES
.TP
.I ../share/transfer
Presets, backbones and the exporter in Python, beside the folder of the program.
.TP
.I $XDG_DATA_HOME/transfer/models, or ~/.local/share/transfer/models
Backbones that this user has exported.
)";

}  // namespace

std::string manual_page(const ProgramWords& program, const std::string& date) {
  std::string text = fmt::format(".TH TRANSFER 1 \"{}\" \"transfer {}\" \"User Commands\"\n", date,
                                 TRANSFER_VERSION);
  text += ".SH NAME\ntransfer \\- transfer learning with pretrained image classifiers\n";
  text += ".SH SYNOPSIS\n";
  std::vector<std::string> synopses;
  for (const CommandWords& command : program.commands) synopses.push_back(roff_synopsis(command));
  text += fmt::format("{}\n", fmt::join(synopses, "\n.br\n"));
  text += ".SH DESCRIPTION\n" + roff_text(program.summary);
  text += "The command \\fBtrain\\fR is the default.\n.SH COMMANDS\n";
  text += "A name in brackets is the configuration key that the flag sets.\n";
  for (const CommandWords& command : program.commands) text += roff_command(command);
  text += ".SH CONFIGURATION KEYS\n";
  text +=
      "\\fB\\-\\-set\\fR \\fIKEY\\fR=\\fIVALUE\\fR sets one, and so does a YAML file given with "
      "\\fB\\-\\-config\\fR.\nThe defaults are those without a preset.\n";
  for (const KeyWords& key : program.keys) text += roff_key(key);
  text += ".SH BATCH FILE KEYS\n";
  text += "Keys of the file that \\fBtransfer batch\\fR reads, besides those above.\n";
  for (const KeyWords& key : program.batch_file_keys) text += roff_key(key);
  std::string notes = program.footer;
  if (notes.ends_with(exit_codes_text())) notes.resize(notes.size() - exit_codes_text().size());
  return text + roff_exit_codes() + kRoffFiles + ".SH NOTES\n" + roff_verbatim(notes);
}

}  // namespace transfer
