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
