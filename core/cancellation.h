#pragma once

namespace transfer {

/// Makes SIGINT and SIGTERM set a flag instead of ending the process; a system call that waits
/// returns with EINTR. A second signal ends the process at once. Called once, by `main`.
void install_signal_handlers();

/// From now on output into a closed pipe (`| head`) sets the flag too, instead of ending the
/// process at once.
void stop_when_output_closes();

/// The signal that asked the program to stop, or 0. Safe from any thread.
int stop_signal();

/// Throws Interrupted after a signal. Called in every long loop: between batches, iterations,
/// folder entries, lines of input.
void throw_if_stopped();

/// Throws Interrupted for a signal that this process or another of its group has received.
[[noreturn]] void throw_stopped(int signal);

}  // namespace transfer
