#include "app/report/progress_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "app/report/terminal_text.h"
#include "core/quantity_text.h"

namespace transfer {
namespace {

constexpr std::int64_t kWidestBar = 24;
constexpr std::int64_t kNarrowestBar = 6;

/// A part of the line. Where there is too little room, the one of the highest rank goes first.
struct Part {
  std::string text;
  int rank = 0;
};

enum PartRank : int { kPercent, kTimeLeft, kFirstNumber, kRate = 6, kCount = 100 };

/// The parts behind the bar, in the order in which they are shown.
std::vector<Part> parts_of(const ProgressState& state, bool has_bar) {
  std::vector<Part> parts;
  if (has_bar) {
    const std::int64_t percent = 100 * state.done / std::max<std::int64_t>(state.total, 1);
    parts.push_back({fmt::format("{} %", percent), kPercent});
  }
  parts.push_back({fmt::format("{} of {} {}", state.done, state.total, state.unit), kCount});
  if (state.rate) parts.push_back({fmt::format("{:.3g} {}/s", *state.rate, state.unit), kRate});
  int rank = kFirstNumber;
  for (const ProgressNumber& number : state.numbers) {
    if (rank == kRate) ++rank;
    parts.push_back({number.text, rank++});
  }
  if (state.seconds_left)
    parts.push_back({duration_text(*state.seconds_left) + " left", kTimeLeft});
  return parts;
}

std::int64_t width_of(const std::vector<Part>& parts) {
  return std::accumulate(
      parts.begin(), parts.end(), std::int64_t{0},
      [](std::int64_t sum, const Part& part) { return sum + columns_of(part.text) + 2; });
}

std::string joined(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) text += (text.empty() ? "" : ", ") + part.text;
  return text;
}

}  // namespace

std::string progress_line(const ProgressState& state, std::int64_t columns) {
  auto parts = parts_of(state, /*has_bar=*/true);
  // The title, a space, the bar's brackets and a space; the last part has no comma behind it.
  const std::int64_t frame = columns_of(state.title) + 4 - 2;
  while (parts.size() > 1 && frame + kNarrowestBar + width_of(parts) > columns) {
    parts.erase(std::max_element(parts.begin(), parts.end(),
                                 [](const Part& a, const Part& b) { return a.rank < b.rank; }));
  }
  const std::int64_t bar = std::clamp(columns - frame - width_of(parts), kNarrowestBar, kWidestBar);
  const std::int64_t filled =
      std::clamp<std::int64_t>(state.done * bar / std::max<std::int64_t>(state.total, 1), 0, bar);
  return cut_to_columns(
      fmt::format("{} [{}{}] {}", state.title, std::string(static_cast<std::size_t>(filled), '#'),
                  std::string(static_cast<std::size_t>(bar - filled), '.'), joined(parts)),
      columns);
}

std::string progress_text(const ProgressState& state) {
  return fmt::format("{}: {}", state.title, joined(parts_of(state, /*has_bar=*/false)));
}

}  // namespace transfer
