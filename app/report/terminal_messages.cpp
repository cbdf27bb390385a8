#include "app/report/terminal_messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/standard_streams.h"
#include "core/stopwatch.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

constexpr int kBarWidth = 24;
/// Seconds between two drawings.
constexpr double kTerminalInterval = 0.1;
constexpr double kLogInterval = 10.0;
/// To the start of the line, and clear it.
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

class TerminalMessages::Bar : public Progress {
 public:
  Bar(TerminalMessages& messages, std::string title, std::int64_t total, std::string unit)
      : messages_(messages),
        title_(visible(title)),
        unit_(std::move(unit)),
        total_(total),
        is_terminal_(::isatty(STDERR_FILENO) == 1) {}

  void advance(std::int64_t count) override {
    done_ += count;
    const double now = clock_.seconds();
    if (now - last_drawn_ < (is_terminal_ ? kTerminalInterval : kLogInterval)) return;
    last_drawn_ = now;
    draw();
  }

  void finish() override {
    messages_.write_line(
        fmt::format("{}: {} {} in {:.1f} s", title_, done_, unit_, clock_.seconds()));
  }

 private:
  void draw() {
    const double rate = static_cast<double>(done_) / std::max(clock_.seconds(), 1e-9);
    const double left = static_cast<double>(total_ - done_) / std::max(rate, 1e-9);
    const std::string state =
        fmt::format("{} of {} {}, {:.0f}/s, {:.0f} s left", done_, total_, unit_, rate, left);
    if (!is_terminal_) {
      messages_.write_line(fmt::format("{}: {}", title_, state));
      return;
    }
    const auto filled = static_cast<std::size_t>(std::clamp<std::int64_t>(
        done_ * kBarWidth / std::max<std::int64_t>(total_, 1), 0, kBarWidth));
    messages_.draw(fmt::format("{} [{}{}] {}", title_, std::string(filled, '#'),
                               std::string(kBarWidth - filled, '.'), state));
  }

  TerminalMessages& messages_;
  std::string title_;
  std::string unit_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  bool is_terminal_;
  Stopwatch clock_;
  /// Seconds on the clock at the last drawing.
  double last_drawn_ = 0;
};

void TerminalMessages::note(const std::string& text) { write_line(visible(text)); }

void TerminalMessages::warning(const std::string& text) { write_line("warning: " + visible(text)); }

std::unique_ptr<Progress> TerminalMessages::begin(std::string title, std::int64_t total,
                                                  std::string unit) {
  return std::make_unique<Bar>(*this, std::move(title), total, std::move(unit));
}

void TerminalMessages::write_line(const std::string& text) {
  const std::lock_guard lock(mutex_);
  write_to_stderr(fmt::format("{}{}\n", shows_bar_ ? kClearLine : "", text));
  shows_bar_ = false;
}

void TerminalMessages::draw(const std::string& bar) {
  const std::lock_guard lock(mutex_);
  write_to_stderr(kClearLine + bar);
  shows_bar_ = true;
}

}  // namespace transfer
