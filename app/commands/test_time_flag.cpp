#include "app/commands/test_time_flag.h"

#include <string>

#include "core/errors.h"
#include "core/test_time_views.h"

namespace transfer {
namespace {

constexpr const char* kFlag = "--tta";

/// Why the text asks for no number of views; empty where it does.
std::string refuse_views(const std::string& text) {
  try {
    parse_test_time_views(text, "");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace

void add_test_time_flag(CLI::App& parser, std::int64_t& views) {
  parser
      .add_option_function<std::string>(
          kFlag, [&views](const std::string& text) { views = parse_test_time_views(text, kFlag); },
          "Predict the mean over several views of each image: flip (the image and its mirror "
          "image), or 2 to 10 views with enlarged parts too, each at the cost of a pass")
      ->type_name("flip|N")
      ->default_str("none")
      ->check(CLI::Validator(refuse_views, ""));
}

}  // namespace transfer
