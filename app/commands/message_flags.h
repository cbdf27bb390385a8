#pragma once

#include <CLI/CLI.hpp>

#include "app/report/message_options.h"

namespace transfer {

/// Adds --quiet, --verbose, --no-progress and --log-json to a command and to those below it.
void add_message_flags(CLI::App& parser);

/// What these flags ask for, wherever they stand on the command line. It need not be a valid one,
/// so that its error is told as they ask.
MessageOptions message_options(int argc, const char* const* argv);

}  // namespace transfer
