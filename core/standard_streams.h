#pragma once

#include <string_view>

namespace transfer {

/// Opens those of the descriptors 0, 1 and 2 that the program was started without (`2>&-`), so that
/// no file that it opens later takes their place. What is written to such a stderr is discarded;
/// such a stdin cannot be read, nor such a stdout written. Safe before libraries are initialised.
void open_standard_streams() noexcept;

/// Whether stdout leads to a pipe, socket or terminal that nobody reads any more.
bool stdout_has_no_reader() noexcept;

/// Writes to stderr at once, from any thread. A message that cannot be written is no failure: the
/// work goes on. Only where nothing reads stdout either does it ask the program to stop; see
/// note_closed_output().
void write_to_stderr(std::string_view text) noexcept;

/// Says whether the terminal's cursor stands behind a line without an end, such as a progress bar.
void leave_line_open(bool is_open) noexcept;

/// Ends such a line, for a program that ends at once. Safe in a signal handler.
void end_open_line() noexcept;

}  // namespace transfer
