#pragma once

namespace transfer {

/// A status from waitpid as shells report it: the exit status, or 128 + N where signal N ended the
/// process.
int exit_status(int wait_status);

}  // namespace transfer
