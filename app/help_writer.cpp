// Prints, when the program is built, what app/early_help.cpp answers with: C++ texts of
// `transfer` and `transfer --help`.

#include <cstdio>
#include <string>

#include "app/commands/command_line.h"
#include "app/commands/help_text.h"

int main() {
  const transfer::CommandLine line = transfer::make_command_line();
  const auto print = [](const char* name, const std::string& text) {
    std::printf("constexpr char %s[] = R\"help(%s)help\";\n", name, text.c_str());
  };
  print("kFirstSteps", transfer::first_steps());
  print("kHelp", transfer::help_of(*line.parser));
  return 0;
}
