#include "app/features/image_contents.h"

#include "core/cancellation.h"
#include "core/errors.h"
#include "datasets/image_content.h"

namespace transfer {

std::vector<std::string> contents_of(const std::vector<Sample>& samples,
                                     std::vector<BrokenImage>& broken) {
  std::vector<std::string> contents;
  contents.reserve(samples.size());
  for (const Sample& sample : samples) {
    throw_if_stopped();
    try {
      contents.push_back(content_hash(sample));
    } catch (const DataError& error) {
      broken.push_back({static_cast<std::int64_t>(contents.size()), error.what()});
      contents.emplace_back();
    }
  }
  return contents;
}

}  // namespace transfer
