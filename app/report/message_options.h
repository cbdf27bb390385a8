#pragma once

namespace transfer {

/// Which messages the program shows on stderr, and how: the flags of the same names.
struct MessageOptions {
  /// The error alone.
  bool quiet = false;
  /// Details too.
  bool verbose = false;
  bool no_progress = false;
  /// As JSON Lines.
  bool log_json = false;
};

}  // namespace transfer
