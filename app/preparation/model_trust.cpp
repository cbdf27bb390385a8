#include "app/preparation/model_trust.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "core/cancellation.h"

namespace transfer {
namespace {

bool ask_on_terminal(const std::string& question) {
  fmt::print(stderr, "{} [y/N] ", question);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  throw_if_stopped();
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

Trust model_trust(const std::string& setting, const std::string& file) {
  Trust trust = parse_trust(setting, file);
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) trust.ask = ask_on_terminal;
  return trust;
}

}  // namespace transfer
