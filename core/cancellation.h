#pragma once

namespace transfer {

/// Makes SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process; a system call that
/// waits returns with EINTR. A second signal ends the process at once, except for SIGHUP, which a
/// closing terminal sends more than once. A SIGHUP that is ignored (nohup) stays so. Writing to a
/// pipe without a reader, or beyond the limit on file sizes, fails with EPIPE or EFBIG and no
/// longer ends the process. Called once, by `main`.
void install_signal_handlers();

/// Sets the flag since nothing reads the program's output any more, as SIGPIPE would say.
void note_closed_output() noexcept;

/// Ends the process by SIGPIPE, in silence, as programs end whose output nobody reads.
[[noreturn]] void end_by_closed_output();

/// The signal that asked the program to stop, or 0. Safe from any thread.
int stop_signal();

/// Throws Interrupted after a signal. Called in every long loop: between batches, iterations,
/// folder entries, lines of input.
void throw_if_stopped();

/// Throws Interrupted for a signal that this process or another of its group has received.
[[noreturn]] void throw_stopped(int signal);

}  // namespace transfer
