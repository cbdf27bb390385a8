#include "app/report/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace transfer {
namespace {

constexpr int kBarWidth = 24;
/// Seconds between two drawings.
constexpr double kTerminalInterval = 0.1;
constexpr double kLogInterval = 10.0;

}  // namespace

Progress::Progress(std::string title, std::int64_t total, std::string unit)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::advance(std::int64_t count) {
  done_ += count;
  const double now = clock_.seconds();
  if (now - last_drawn_ < (is_terminal_ ? kTerminalInterval : kLogInterval)) return;
  last_drawn_ = now;
  draw();
}

void Progress::draw() {
  const double rate = static_cast<double>(done_) / std::max(clock_.seconds(), 1e-9);
  const double left = static_cast<double>(total_ - done_) / std::max(rate, 1e-9);
  const std::string state =
      fmt::format("{} of {} {}, {:.0f}/s, {:.0f} s left", done_, total_, unit_, rate, left);
  if (!is_terminal_) {
    fmt::print(stderr, "{}: {}\n", title_, state);
    return;
  }
  const auto filled =
      static_cast<std::size_t>(done_ * kBarWidth / std::max<std::int64_t>(total_, 1));
  fmt::print(stderr, "\r\033[K{} [{}{}] {}", title_, std::string(filled, '#'),
             std::string(kBarWidth - std::min<std::size_t>(filled, kBarWidth), '.'), state);
  std::fflush(stderr);
}

void Progress::finish() {
  fmt::print(stderr, "{}{}: {} {} in {:.1f} s\n", is_terminal_ ? "\r\033[K" : "", title_, done_,
             unit_, clock_.seconds());
}

}  // namespace transfer
