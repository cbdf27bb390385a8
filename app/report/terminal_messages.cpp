#include "app/report/terminal_messages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "app/report/progress_line.h"
#include "app/report/terminal_text.h"
#include "app/report/work_clock.h"
#include "core/standard_streams.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

/// Seconds between two drawings.
constexpr double kTerminalInterval = 0.1;
constexpr double kLogInterval = 5.0;
constexpr int kRed = 31;
constexpr int kYellow = 33;
/// Columns that stay free at the end of a line, for the ^C that a terminal adds.
constexpr std::int64_t kFreeColumns = 3;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Whether stderr is a terminal that can move its cursor.
bool is_terminal() { return ::isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"; }

}  // namespace

class TerminalMessages::Bar : public Progress {
 public:
  Bar(TerminalMessages& messages, Work work)
      : messages_(messages),
        tells_end_(work.tells_end),
        clock_(std::move(work), messages.is_terminal_ ? kTerminalInterval : kLogInterval) {}

  ~Bar() override {
    if (is_drawn_) messages_.clear();
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  void advance(std::int64_t count) override {
    if (clock_.advance(count) && !messages_.options_.no_progress) show();
  }

  void finish() override {
    const MessageOptions& options = messages_.options_;
    if (options.verbose || (tells_end_ && !options.no_progress)) {
      messages_.write_line(clock_.end_text());
    }
  }

 private:
  void show() {
    ProgressState state = clock_.state();
    state.title = visible(state.title);
    if (!messages_.draws()) return messages_.write_line(progress_text(state));
    messages_.draw({progress_line(state, columns())});
    is_drawn_ = true;
  }

  TerminalMessages& messages_;
  bool tells_end_;
  WorkClock clock_;
  bool is_drawn_ = false;
};

TerminalMessages::TerminalMessages(const MessageOptions& options)
    : options_(options),
      is_terminal_(is_terminal()),
      has_colours_(is_terminal_ && environment("NO_COLOR").empty()) {
  options_.no_progress |= options.quiet;
}

void TerminalMessages::note(const std::string& text) {
  if (!options_.quiet) write_line(visible(text));
}

void TerminalMessages::warning(const std::string& text) {
  if (!options_.quiet) write_line(coloured(kYellow, "warning: " + visible(text)));
}

void TerminalMessages::detail(const std::string& text) {
  if (options_.verbose) write_line(visible(text));
}

void TerminalMessages::error(const std::string& program, const std::string& text, int /*status*/) {
  write_line(coloured(kRed, fmt::format("{}: {}", program, visible(text))));
}

void TerminalMessages::event(const std::string& name, const nlohmann::ordered_json& /*members*/,
                             const std::string& text) {
  if (options_.quiet || text.empty()) return;
  const std::string shown = visible(text);
  const bool is_cut = is_terminal_ && name == "epoch";  // one line each, as a table
  write_line(is_cut ? cut_list_to_columns(shown, columns()) : shown);
}

std::unique_ptr<Progress> TerminalMessages::begin(Work work) {
  return std::make_unique<Bar>(*this, std::move(work));
}

bool TerminalMessages::draws() const {
  return is_terminal_ && !options_.quiet && !options_.no_progress;
}

void TerminalMessages::draw(const std::vector<std::string>& lines) {
  if (!draws() || lines.empty()) return;
  std::vector<std::string> cut;
  for (const std::string& line : lines) cut.push_back(cut_to_columns(line, columns()));
  const std::lock_guard lock(mutex_);
  write_to_stderr(clearing() + fmt::format("{}", fmt::join(cut, "\n")));
  drawn_ = lines.size();
  leave_line_open(true);
}

void TerminalMessages::keep_drawn() {
  const std::lock_guard lock(mutex_);
  if (drawn_ > 0) write_to_stderr("\n");
  drawn_ = 0;
  leave_line_open(false);
}

void TerminalMessages::clear() {
  const std::lock_guard lock(mutex_);
  write_to_stderr(clearing());
  drawn_ = 0;
  leave_line_open(false);
}

std::string TerminalMessages::clearing() {
  if (!is_terminal_) return "";
  // Without lines of ours there may still be the ^C that a terminal shows.
  const std::string up = drawn_ > 1 ? fmt::format("\033[{}A", drawn_ - 1) : "";
  return "\r" + up + "\033[J";
}

void TerminalMessages::write_line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  write_to_stderr(clearing() + text + "\n");
  drawn_ = 0;
  leave_line_open(false);
}

std::string TerminalMessages::coloured(int colour, const std::string& text) const {
  return has_colours_ ? fmt::format("\033[{}m{}\033[0m", colour, text) : text;
}

std::int64_t TerminalMessages::columns() {
  return std::max<std::int64_t>(terminal_size().columns - kFreeColumns, 1);
}

}  // namespace transfer
