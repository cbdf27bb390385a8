#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "app/preparation/preparation.h"
#include "app/runs/soup_ingredients.h"
#include "app/training/metrics.h"
#include "core/enum_names.h"

namespace transfer {

/// Which runs' weights are averaged (Wortsman et al. 2022, "Model soups", section 2).
enum class SoupMethod {
  /// From the best run on, each in the order of the validation score, where the mean's score does
  /// not fall.
  kGreedy,
  kUniform  ///< all of them
};
template <>
inline constexpr std::array<std::string_view, 2> kNames<SoupMethod> = {"greedy", "uniform"};

/// What came of it.
struct Soup {
  /// Whether each run was taken, in the order of the runs.
  std::vector<bool> taken;
  /// Of the mean, measured here on the validation images.
  Score val;
  std::int64_t images = 0;
  /// Chosen anew for the mean's probabilities; 1 where there is none.
  double temperature = 1;
};

/// Averages the weights of the runs, and BatchNorm's statistics with them; buffers of whole numbers
/// are those of the first run that was taken. Writes the mean to `file` as
/// TrainableNetwork::write() does, with its calibration and known images learnt anew, as a run
/// learns them. `preparation` is that of one of the runs. Throws Error.
Soup write_soup(const Preparation& preparation, const std::vector<SoupIngredient>& ingredients,
                SoupMethod method, const std::filesystem::path& file);

}  // namespace transfer
