#include "app/runs/image_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/hash.h"
#include "datasets/image_content.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::string line_of(const ImageRecord& image) {
  return fmt::format("{}\t{}\t{}\n", image.path, image.label, image.content);
}

}  // namespace

std::vector<std::string> image_paths(const Preparation& p, const std::vector<Sample>& samples) {
  const fs::path data = fs::absolute(p.config.data.path).lexically_normal();
  const fs::path root = is_folder(data) ? data : data.parent_path();
  std::vector<std::string> paths;
  paths.reserve(samples.size());
  for (const Sample& sample : samples) {
    const fs::path path = fs::absolute(sample.path).lexically_normal();
    const std::string below = path.lexically_relative(root).string();
    paths.push_back(below.empty() || below.starts_with("..") ? path.string() : below);
  }
  return paths;
}

std::vector<ImageRecord> image_records(const Preparation& p, const std::vector<Sample>& samples) {
  auto paths = image_paths(p, samples);
  std::vector<ImageRecord> images;
  images.reserve(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    images.push_back(
        {std::move(paths[i]), target_text(sample, p.dataset.classes, p.objective().targets()), ""});
    try {
      images.back().content = content_sketch(sample);
    } catch (const DataError& error) {
      images.back().failure = error.what();
    }
  }
  return images;
}

std::string hash_of(const std::vector<ImageRecord>& images) {
  Sha256 hash;
  for (const ImageRecord& image : images) {
    hash.update(line_of(image));
  }
  return hash.hex();
}

std::string hash_of_data(const std::vector<const std::vector<ImageRecord>*>& splits) {
  std::vector<std::string> lines;
  for (const auto* split : splits) {
    for (const ImageRecord& image : *split) lines.push_back(line_of(image));
  }
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  for (const std::string& line : lines) hash.update(line);
  return hash.hex();
}

}  // namespace transfer
