#include "app/report/augmentation_examples.h"

#include <nlohmann/json.hpp>

#include "app/report/html_page.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/random.h"
#include "datasets/augment.h"
#include "datasets/decode.h"
#include "datasets/preprocess.h"
#include "datasets/thumbnail.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

std::string seen_address(const cv::Mat& seen, const Preprocessing& preprocessing) {
  return data_address("image/jpeg", thumbnail_of(shown_colours(seen, preprocessing)));
}

/// Whether any view differs from the original.
bool add_example(const Sample& sample, const AugmentConfig& config, const Preprocessing& p,
                 std::uint64_t seed, ordered_json& examples) {
  constexpr std::uint64_t kViews = 4;
  const cv::Mat decoded = decode_for(sample, p);
  ordered_json example = {{"path", sample.path},
                          {"original", seen_address(resize_and_crop(decoded, p), p)}};
  bool changes = false;
  for (std::uint64_t view = 1; view <= kViews; ++view) {
    const auto view_seed = mix_seed({seed, view, examples.size()});
    example["views"].push_back(seen_address(augment(decoded, config, p, view_seed), p));
    changes = changes || example["views"].back() != example["original"];
  }
  examples.push_back(std::move(example));
  return changes;
}

}  // namespace

ordered_json augmentation_examples(const std::vector<Sample>& train, const AugmentConfig& config,
                                   const Preprocessing& preprocessing, std::uint64_t seed) {
  constexpr std::size_t kExamples = 4;
  ordered_json examples = ordered_json::array();
  bool changes = false;
  for (std::size_t k = 0; k < std::min(kExamples, train.size()); ++k) {
    throw_if_stopped();
    const std::size_t place = (2 * k + 1) * train.size() / (2 * std::min(kExamples, train.size()));
    try {
      changes = add_example(train[place], config, preprocessing, seed, examples) || changes;
    } catch (const DataError&) {
      continue;
    }
  }
  return changes ? examples : ordered_json::array();
}

}  // namespace transfer
