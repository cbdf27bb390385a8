#pragma once

namespace transfer {

/// From now on a library that ends the process itself, as OpenMP does where no thread can be
/// started, does not decide the exit status: the user is told, and the status is
/// ExitCode::kResources. Before `main` and without this call, the process guard opens missing
/// standard streams, refuses a current folder that was deleted, and reports exceptions that nobody
/// catches.
void guard_exit();

/// The program ends on purpose: guard_exit() no longer counts.
void expect_exit();

}  // namespace transfer
