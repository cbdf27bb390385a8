#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/training/metrics.h"

namespace transfer {

/// The metrics of one split, as summary.json and `evaluate --json` hold them: `images`, `loss`, and
/// - classes: `accuracy`, `topK_accuracy` where 1 < K < number of classes, `macro_f1`, `auroc`
///   where it exists, `per_class`, `confusion_matrix` (a row for each true class);
/// - labels: `mean_average_precision`, `macro_f1`, `auroc` where it exists, `accuracy` where every
///   image has exactly one label, `per_label`;
/// - numbers: `r2`, `mae`, `rmse`, and `per_target` where there are several.
/// `classes` are the names of the outputs.
nlohmann::ordered_json metrics_object(const Metrics& metrics,
                                      const std::vector<std::string>& classes);

/// The same for people, with one row per class, label or target.
std::string metrics_text(const std::string& title, const Metrics& metrics,
                         const std::vector<std::string>& classes);

/// ", mean of 2 views"; "" for one view, the image itself. For the title of metrics.
std::string views_text(std::int64_t views);

/// Which of the scores by which models are compared such an object has, its key behind `prefix`
/// (`val_` in metrics.jsonl); nothing where it has none, as in files of format 1.
std::optional<ScoreName> find_score(const nlohmann::json& metrics, std::string_view prefix);

}  // namespace transfer
