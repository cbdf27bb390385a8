#include "app/commands/confidence_flags.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace transfer {
namespace {

/// The number of a text that is one; else NaN.
double share_in(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const bool is_number = end != text.c_str() && *end == '\0';
  return is_number ? number : std::nan("");
}

std::string refuse_share(const std::string& text) {
  const double share = share_in(text);
  if (share > 0 && share < 1) return "";
  return fmt::format("found '{}', expected a number above 0 and below 1, such as 0.9", text);
}

}  // namespace

void add_confidence_flags(CLI::App& parser, ConfidenceOptions& options) {
  parser.add_flag("--reject", options.rejects,
                  "Give images that are unlike all training images the class `unknown`; with "
                  "--sort-into they go into DIR/unknown/");
  parser
      .add_option_function<std::string>(
          "--coverage", [&options](const std::string& text) { options.coverage = share_in(text); },
          "Also list the classes that are needed to hold the right one for this share of images, "
          "such as 0.9")
      ->type_name("P")
      ->check(CLI::Validator(refuse_share, "{above 0, below 1}"));
}

}  // namespace transfer
