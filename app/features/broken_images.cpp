#include "app/features/broken_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Why the first ones cannot be read, without a full stop at the end.
std::string first_reasons(const std::vector<BrokenImage>& broken) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(broken.size(), kShown); ++i) {
    std::string_view reason = broken[i].reason;
    if (reason.ends_with('.')) reason.remove_suffix(1);
    text += fmt::format("{}{}", i == 0 ? "" : "; ", reason);
  }
  return text;
}

}  // namespace

void report_broken(const std::vector<BrokenImage>& broken) {
  for (const BrokenImage& image : broken) {
    warn("left out: {}", image.reason);
  }
}

bool is_broken(const Batch& batch, std::int64_t sample) {
  return std::any_of(batch.broken.begin(), batch.broken.end(),
                     [sample](const BrokenImage& image) { return image.sample == sample; });
}

std::vector<BrokenImage> add_broken(const std::vector<BrokenImage>& more,
                                    std::vector<BrokenImage>& broken) {
  const auto comes_first = [](const BrokenImage& a, const BrokenImage& b) {
    return a.sample < b.sample;
  };
  std::vector<BrokenImage> added;
  for (const BrokenImage& image : more) {
    const auto place = std::lower_bound(broken.begin(), broken.end(), image, comes_first);
    if (place != broken.end() && place->sample == image.sample) continue;
    broken.insert(place, image);
    added.push_back(image);
  }
  std::sort(added.begin(), added.end(), comes_first);
  return added;
}

void require_few_broken(const std::vector<BrokenImage>& broken, std::int64_t total,
                        const std::string& title, double max_broken) {
  const auto count = static_cast<std::int64_t>(broken.size());
  const bool nothing_is_left = total > 0 && count == total;
  if (static_cast<double>(count) <= max_broken * static_cast<double>(total) && !nothing_is_left) {
    return;
  }
  const std::string where = title == "images" ? "" : " in " + title;
  if (nothing_is_left) {
    throw DataError(
        fmt::format("none of the {}{} can be read. The first: {}. Repair them, or give others.",
                    count_text(broken.size(), "image"), where, first_reasons(broken)));
  }
  throw DataError(fmt::format(
      "{} of {} images{} cannot be read ({:.1f} %), more than data.max_broken allows "
      "({:.1f} %). The first: {}. Repair or remove them, or raise data.max_broken.",
      count, total, where, 100.0 * static_cast<double>(count) / static_cast<double>(total),
      100.0 * max_broken, first_reasons(broken)));
}

Truth truth_of(const std::vector<Sample>& samples, const std::vector<BrokenImage>& broken) {
  Truth truth = truth_of(samples);
  auto* labels = truth.labels.data_ptr<std::int64_t>();
  for (const BrokenImage& image : broken) labels[image.sample] = -1;
  return truth;
}

}  // namespace transfer
