#include "datasets/check/thumbnail.h"

#include "core/errors.h"
#include "datasets/decode.h"
#include "datasets/thumbnail.h"

namespace transfer {

std::string thumbnail_jpeg(const Sample& sample, std::int64_t side,
                           const std::optional<SampleRange>& sample_range) {
  constexpr int kQuality = 72;
  try {
    return thumbnail_of(decode_sample(sample, side, sample_range), static_cast<int>(side),
                        kQuality);
  } catch (const DataError&) {
    return "";
  }
}

}  // namespace transfer
