#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace transfer {

/// Rows and columns of a terminal.
struct TerminalSize {
  std::int64_t rows = 24;
  std::int64_t columns = 80;
};

/// The size of the terminal on stderr; 24 by 80 where it says none.
TerminalSize terminal_size();

/// The columns that UTF-8 text takes on a terminal; a character of East Asian scripts takes two.
std::int64_t columns_of(std::string_view text);

/// The text, cut to at most that many columns; "…" stands for what is left out.
std::string cut_to_columns(std::string_view text, std::int64_t columns);

/// The same for a list: whole parts behind its last commas are left out before the rest is cut.
std::string cut_list_to_columns(std::string_view list, std::int64_t columns);

}  // namespace transfer
