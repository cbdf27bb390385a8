#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace transfer {

/// Makes lines of what a program prints piece by piece.
class ProgramLines {
 public:
  /// Takes a line without its end. `is_drawn_over`: a carriage return ended it, so that the program
  /// writes the next one over it, as a progress bar does.
  using Take = std::function<void(const std::string& line, bool is_drawn_over)>;

  explicit ProgramLines(Take take_line) : take_line_(std::move(take_line)) {}

  void take(std::string_view piece);
  /// Hands on what stands behind the last end of a line.
  void finish();

 private:
  void end_line(bool is_drawn_over);

  Take take_line_;
  std::string line_;
};

}  // namespace transfer
