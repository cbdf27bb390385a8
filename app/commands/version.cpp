#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/command.h"
#include "app/report/versions.h"
#include "core/json_text.h"

namespace transfer {
namespace {

CommandRun add_version_flags(CLI::App& parser) {
  auto json = std::make_shared<bool>(false);
  parser.add_flag("--json", *json, "JSON on stdout");
  return [json](const auto&) {
    const Versions found = versions();
    fmt::print("{}", *json ? json_text(versions_object(found)) : versions_text(found));
    return 0;
  };
}

}  // namespace

Command version_command() {
  return {"version", "Show the version and what this program was built with (also --version)",
          add_version_flags, /*runs_in_group=*/true};
}

}  // namespace transfer
