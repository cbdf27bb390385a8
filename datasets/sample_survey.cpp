#include "datasets/sample_survey.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <opencv2/core.hpp>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/worker_threads.h"
#include "datasets/file_blocks.h"
#include "datasets/formats/image_formats.h"
#include "datasets/image_file.h"

namespace transfer {
namespace {

/// Nothing for plain and for broken files. The content decides the format, whatever the file's
/// ending says. Of formats that hold nothing special, such as JPEG, only the signature is read.
std::optional<SampleTraits> traits_of_file(const Sample& sample) {
  constexpr std::size_t kSignature = 16;
  const std::string& path = sample.path;
  try {
    if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return std::nullopt;
    FileBlocks file(path);
    const ImageFormat* format = format_of(file.read(0, kSignature));
    if (format == nullptr || format->traits == nullptr) return std::nullopt;
    const bool is_plain =
        format->is_plain != nullptr && format->is_plain(file.read(0, kSurveyedBytes));
    if (is_plain) return std::nullopt;
    const std::string bytes = read_image_file(sample);
    return format->traits(
        {bytes, path, /*target_shorter_side=*/0, /*sample_range=*/std::nullopt, sample.max_bytes});
  } catch (const DataError&) {
  } catch (const cv::Exception&) {
  }
  return std::nullopt;
}

void add(FoundImages& found, std::size_t position) {
  found.first = found.count == 0 ? position : std::min(found.first, position);
  ++found.count;
}

/// The range that holds both; nothing where one states none.
std::optional<SampleRange> together(const std::optional<SampleRange>& a,
                                    const std::optional<SampleRange>& b) {
  if (!a || !b) return std::nullopt;
  return SampleRange{std::min(a->black, b->black), std::max(a->white, b->white)};
}

void add(SampleValues& values, const SampleTraits& traits, std::size_t position) {
  values.stated = values.images.count == 0 ? traits.stated : together(values.stated, traits.stated);
  values.largest_of_type = values.images.count == 0
                               ? traits.largest_of_type
                               : std::max(values.largest_of_type, traits.largest_of_type);
  add(values.images, position);
  const bool says_range = traits.stated || traits.significant_bits > 0;
  values.each.push_back({position, traits.smallest, traits.largest, traits.is_whole, says_range});
  values.smallest = std::min(values.smallest, traits.smallest);
  values.largest = std::max(values.largest, traits.largest);
  values.is_whole = values.is_whole && traits.is_whole;
  int bits = traits.significant_bits;
  // Numbers above what the bits allow were shifted up to fill all 16, as PNG demands.
  if (bits > 0 && traits.largest > range_of_bits(bits).white) bits = 16;
  values.significant_bits = std::max(values.significant_bits, bits);
}

/// Gathers what threads find.
class Survey {
 public:
  explicit Survey(const std::vector<Sample>& samples) : samples_(samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].array == nullptr) candidates_.push_back(i);
    }
    constexpr std::size_t kManyFiles = 1000;
    if (candidates_.size() > kManyFiles) {
      progress_ =
          begin_progress("sample values", static_cast<std::int64_t>(candidates_.size()), "images");
    }
  }

  SampleSurvey run(std::int64_t threads) {
    const auto most = static_cast<std::int64_t>(candidates_.size());
    WorkerThreads others;
    others.start(std::min(threads, most) - 1, [this] { work(); });
    work();
    others.join();
    if (failure_) std::rethrow_exception(failure_);
    if (progress_) progress_->finish();
    for (auto* values : {&found_.whole.each, &found_.real.each}) {
      std::sort(values->begin(), values->end(),
                [](const auto& a, const auto& b) { return a.position < b.position; });
    }
    return found_;
  }

 private:
  void work() {
    try {
      for (std::size_t i = next_++; i < candidates_.size() && !stop_; i = next_++) {
        throw_if_stopped();
        const std::size_t position = candidates_[i];
        const auto traits = traits_of_file(samples_[position]);
        const std::lock_guard lock(mutex_);
        if (traits) record(*traits, position);
        if (progress_) progress_->advance(1);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stop_ = true;
    }
  }

  /// REQUIRES: mutex_ is held.
  void record(const SampleTraits& traits, std::size_t position) {
    if (traits.images > 1) add(found_.several, position);
    if (traits.ignored_bands > 0) add(found_.extra_bands, position);
    if (traits.has_unused_alpha) add(found_.unused_alpha, position);
    if (traits.is_transparent) add(found_.transparent, position);
    if (traits.follows_smaller_copy) add(found_.after_smaller_copy, position);
    if (traits.has_non_finite) add(found_.non_finite, position);
    if (traits.has_missing) add(found_.missing, position);
    if (traits.kind == SampleKind::kKnown) return;
    add(traits.kind == SampleKind::kWhole ? found_.whole : found_.real, traits, position);
  }

  const std::vector<Sample>& samples_;
  std::vector<std::size_t> candidates_;
  std::unique_ptr<Progress> progress_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  SampleSurvey found_;
  std::exception_ptr failure_;
};

/// The range of values from 0 on that have no usual one.
SampleRange own_range(const SampleValues& v) {
  const bool is_far_from_zero = v.smallest > v.largest / 2 && v.smallest < v.largest;
  return {is_far_from_zero ? v.smallest : 0.0, v.largest};
}

/// Whether values from 0 on fill a quarter of 0 to `white`.
bool fill_quarter(const SampleValues& v, double white) {
  const SampleRange own = own_range(v);
  return 4 * (own.white - own.black) >= white;
}

/// Whole numbers from 0 on.
SampleRange range_of_whole(const SampleValues& v) {
  for (const int bits : {8, 10, 12, 14, 16}) {
    const double white = std::min(range_of_bits(bits).white, v.largest_of_type);
    if (white < v.largest || bits < v.significant_bits) continue;
    return v.significant_bits > 0 || fill_quarter(v, white) ? SampleRange{0, white} : own_range(v);
  }
  return own_range(v);
}

/// Adds an image to those that the range does not suit.
void judge(const ImageValues& values, const SampleRange& range, UnsuitedImages& unsuited) {
  constexpr double kShades = 255;
  constexpr double kDarkPart = 16;
  if (values.smallest > values.largest) return;
  if (values.smallest < range.black || values.largest > range.white) {
    add(unsuited.outside, values.position);
  }
  const double whole = range.white - range.black;
  const double extent = values.largest - values.smallest;
  if (extent <= 0) return;
  if (kShades * extent <= whole) {
    add(unsuited.one_shade, values.position);
  } else if (kDarkPart * (values.largest - range.black) <= whole) {
    add(unsuited.dark, values.position);
  }
}

/// Fractions that reach no further than 1.
std::optional<OtherRange> fractions_among(const SampleValues& values, const SampleRange& range) {
  constexpr double kLeastWhite = 100;
  if (range.white < kLeastWhite) return std::nullopt;
  OtherRange found{{}, {0, 1}};
  for (const ImageValues& v : values.each) {
    if (v.is_whole || v.smallest < -1 || v.largest <= 0.5 || v.largest > 1) continue;
    add(found.images, v.position);
    if (v.smallest < 0) found.range.black = -1;
  }
  return found.images.count > 0 ? std::optional(found) : std::nullopt;
}

}  // namespace

UnsuitedImages unsuited_images(const SampleSurvey& survey,
                               const std::optional<SampleRange>& range) {
  UnsuitedImages unsuited;
  for (const ImageValues& values : survey.whole.each) {
    if (!range && values.is_self_describing) continue;
    judge(values, range.value_or(range_of_bits(16)), unsuited);
  }
  if (!range) return unsuited;
  for (const ImageValues& values : survey.real.each) judge(values, *range, unsuited);
  return unsuited;
}

std::optional<OtherRange> images_of_other_range(const SampleValues& values,
                                                const SampleRange& range) {
  if (values.stated) return std::nullopt;
  if (const auto fractions = fractions_among(values, range)) return fractions;
  // A single image may reach such a number by chance, and so may one in a hundred.
  constexpr std::int64_t kFewImages = 2;
  constexpr std::int64_t kPerImage = 100;
  for (const int bits : {8, 10, 12, 14}) {
    const SampleRange other = range_of_bits(bits);
    if (2 * other.white >= range.white || range.black > 0) break;
    FoundImages reaching;
    for (const ImageValues& v : values.each) {
      if (v.is_whole && v.smallest >= 0 && v.largest == other.white) add(reaching, v.position);
    }
    const bool are_many =
        reaching.count >= kFewImages && reaching.count * kPerImage >= values.images.count;
    if (are_many) return OtherRange{reaching, other};
  }
  return std::nullopt;
}

SampleSurvey survey_samples(const std::vector<Sample>& samples, std::int64_t threads) {
  return Survey(samples).run(threads);
}

SampleRange suitable_range(const SampleValues& v) {
  if (v.stated) return *v.stated;
  if (v.smallest > v.largest) return {0, 1};
  if (v.smallest < 0) {
    if (v.smallest >= -1 && v.smallest <= -0.25 && v.largest <= 1) return {-1, 1};
    return {v.smallest, std::max(v.largest, 0.0)};
  }
  if (v.largest <= 0)
    return v.significant_bits > 0 ? range_of_bits(v.significant_bits) : SampleRange{0, 1};
  if (v.is_whole) return range_of_whole(v);
  if (v.largest <= 1 && fill_quarter(v, 1)) return {0, 1};
  if (v.largest > 127.5 && v.largest <= 255 && fill_quarter(v, 255)) return {0, 255};
  return own_range(v);
}

}  // namespace transfer
