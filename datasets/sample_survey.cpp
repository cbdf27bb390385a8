#include "datasets/sample_survey.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <mutex>
#include <new>
#include <opencv2/core.hpp>
#include <thread>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "datasets/formats/image_formats.h"
#include "datasets/image_file.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

/// Above this value 16-bit numbers need all 16 bits.
constexpr double kMostOf14Bits = 16383;

/// Whether a file of that name may hold something other than plain 8-bit samples.
bool may_be_special(const Sample& sample) {
  if (sample.array != nullptr) return false;
  const std::string ending = lower_case_ending(sample.path);
  for (const ImageFormat& format : image_formats()) {
    const auto& endings = format.endings;
    if (std::find(endings.begin(), endings.end(), ending) != endings.end()) {
      return format.traits != nullptr;
    }
  }
  return true;
}

/// The first kSurveyedBytes of a file; fewer where it is shorter or unreadable.
std::string first_bytes(const std::string& path) {
  std::string bytes(kSurveyedBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return bytes;
}

/// Nothing for plain and for broken files.
std::optional<SampleTraits> traits_of_file(const Sample& sample,
                                           const std::optional<SampleRange>& range) {
  const std::string& path = sample.path;
  try {
    if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return std::nullopt;
    const std::string start = first_bytes(path);
    const ImageFormat* format = format_of(start);
    if (format == nullptr || format->traits == nullptr) return std::nullopt;
    if (format->is_plain != nullptr && format->is_plain(start)) return std::nullopt;
    const std::string bytes = read_image_file(sample);
    return format->traits({bytes, path, /*target_shorter_side=*/0, range, sample.max_bytes});
  } catch (const DataError&) {
  } catch (const cv::Exception&) {
  } catch (const std::bad_alloc&) {
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
  add(values.images, position);
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
  Survey(const std::vector<Sample>& samples, const std::optional<SampleRange>& range)
      : samples_(samples), range_(range) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (may_be_special(samples[i])) candidates_.push_back(i);
    }
    constexpr std::size_t kManyFiles = 1000;
    if (candidates_.size() > kManyFiles) {
      progress_ =
          begin_progress("sample values", static_cast<std::int64_t>(candidates_.size()), "images");
    }
  }

  SampleSurvey run(std::int64_t threads) {
    const auto most = static_cast<std::int64_t>(candidates_.size());
    std::vector<std::thread> others;
    for (std::int64_t i = 1; i < std::min(threads, most); ++i)
      others.emplace_back([this] { work(); });
    work();
    for (auto& thread : others) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    if (progress_) progress_->finish();
    return found_;
  }

 private:
  void work() {
    try {
      for (std::size_t i = next_++; i < candidates_.size() && !stop_; i = next_++) {
        throw_if_stopped();
        const std::size_t position = candidates_[i];
        const auto traits = traits_of_file(samples_[position], range_to_use());
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

  /// Once one image needs all 16 bits, the values of the others decide nothing.
  std::optional<SampleRange> range_to_use() {
    if (range_ || !needs_16_bits_) return range_;
    return range_of_bits(16);
  }

  /// REQUIRES: mutex_ is held.
  void record(const SampleTraits& traits, std::size_t position) {
    if (traits.images > 1) add(found_.several, position);
    if (traits.ignored_bands > 0) add(found_.extra_bands, position);
    if (traits.has_unused_alpha) add(found_.unused_alpha, position);
    if (traits.has_non_finite) add(found_.non_finite, position);
    if (traits.kind == SampleKind::kKnown) return;
    add(traits.kind == SampleKind::kWhole ? found_.whole : found_.real, traits, position);
    if (traits.kind == SampleKind::kWhole && traits.largest > kMostOf14Bits) needs_16_bits_ = true;
    if (!range_ || traits.smallest > traits.largest) return;
    if (traits.smallest < range_->black || traits.largest > range_->white) {
      add(found_.outside, position);
    }
    const double shade = (range_->white - range_->black) / 255;
    const double extent = traits.largest - traits.smallest;
    if (extent > 0 && extent < shade) add(found_.one_shade, position);
  }

  const std::vector<Sample>& samples_;
  const std::optional<SampleRange> range_;
  std::vector<std::size_t> candidates_;
  std::unique_ptr<Progress> progress_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> needs_16_bits_ = false;
  std::mutex mutex_;
  SampleSurvey found_;
  std::exception_ptr failure_;
};

/// Whole numbers from 0 on.
SampleRange range_of_whole(double largest, int significant_bits) {
  for (const int bits : {8, 10, 12, 14, 16}) {
    const SampleRange range = range_of_bits(bits);
    if (range.white < largest || bits < significant_bits) continue;
    const bool is_filled = significant_bits > 0 || 4 * largest >= range.white;
    return is_filled ? range : SampleRange{0, largest};
  }
  return {0, largest};
}

}  // namespace

SampleSurvey survey_samples(const std::vector<Sample>& samples,
                            const std::optional<SampleRange>& range, std::int64_t threads) {
  return Survey(samples, range).run(threads);
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
  if (v.is_whole) return range_of_whole(v.largest, v.significant_bits);
  if (v.largest >= 0.25 && v.largest <= 1) return {0, 1};
  if (v.largest > 127.5 && v.largest <= 255) return {0, 255};
  const bool is_far_from_zero = v.smallest > v.largest / 2 && v.smallest < v.largest;
  return {is_far_from_zero ? v.smallest : 0.0, v.largest};
}

}  // namespace transfer
