#pragma once

namespace transfer {

/// Makes SIGINT and SIGTERM set a flag instead of ending the process. A second signal ends it at
/// once. Called once by `main`.
void install_signal_handlers();

/// The signal that asked the program to stop, or 0. Safe from any thread.
int stop_signal();

/// Throws Interrupted when a stop was asked for. Called between batches and between iterations.
void throw_if_stopped();

}  // namespace transfer
