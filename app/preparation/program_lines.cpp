#include "app/preparation/program_lines.h"

namespace transfer {

void ProgramLines::take(std::string_view piece) {
  for (const char letter : piece) {
    if (letter == '\n' || letter == '\r') {
      end_line(letter == '\r');
    } else {
      line_ += letter;
    }
  }
}

void ProgramLines::finish() {
  if (!line_.empty()) end_line(false);
}

void ProgramLines::end_line(bool is_drawn_over) {
  take_line_(line_, is_drawn_over);
  line_.clear();
}

}  // namespace transfer
