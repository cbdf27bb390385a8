#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "configs/config.h"
#include "datasets/dataset.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {

inline DataConfig config_for(const std::string& path) {
  DataConfig config;
  config.path = path;
  return config;
}

/// `count` empty image files of a class; readers never look inside.
inline void add_class(const TemporaryFolder& folder, const std::string& name, int count) {
  for (int i = 0; i < count; ++i) folder.write(name + "/" + std::to_string(i) + ".jpg", "");
}

/// A file that begins as a PNG does; readers never look further. Each number gives other bytes, all
/// of one length.
inline std::string image_bytes(int number) {
  const std::string text = std::to_string(1'000'000 + number);
  return "\x89PNG\r\n\x1A\n" + text;
}

/// `count` images of a class, the first with the bytes of `first`, each with bytes of its own.
inline void add_images(const TemporaryFolder& folder, const std::string& name, int count,
                       int first) {
  for (int i = 0; i < count; ++i) {
    folder.write(name + "/" + std::to_string(i) + ".png", image_bytes(first + i));
  }
}

inline std::set<std::string> paths(const std::vector<Sample>& samples) {
  std::set<std::string> result;
  for (const auto& sample : samples) result.insert(sample.path);
  return result;
}

inline std::int64_t count_label(const std::vector<Sample>& samples, std::int64_t label) {
  return std::count_if(samples.begin(), samples.end(),
                       [&](const Sample& sample) { return sample.label == label; });
}

}  // namespace transfer
