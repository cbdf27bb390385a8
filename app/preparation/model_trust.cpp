#include "app/preparation/model_trust.h"

#include <unistd.h>

#include <iostream>

#include "core/cancellation.h"
#include "core/standard_streams.h"

namespace transfer {
namespace {

bool ask_on_terminal(const std::string& question) {
  write_to_stderr(question + " [y/N] ");
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

Trust own_model_trust(const std::string& setting, const std::string& file) {
  Trust trust = parse_trust(setting, file);
  if (trust.rule != TrustRule::kAlways) trust.rule = TrustRule::kChecked;
  return trust;
}

}  // namespace transfer
