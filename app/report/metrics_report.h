#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/training/metrics.h"

namespace transfer {

/// `{"images", "loss", "top1", …}` of one split, as used inside summary.json and by `evaluate`:
/// for labels `map` and `macro_f1`, for numbers `r2`, `mae` and `rmse` in place of `top1`.
/// `classes` are the names of the outputs.
nlohmann::ordered_json metrics_object(const Metrics& metrics,
                                      const std::vector<std::string>& classes);

/// The same for people, with a line a class, label or column of numbers.
std::string metrics_text(const std::string& title, const Metrics& metrics,
                         const std::vector<std::string>& classes);

}  // namespace transfer
