#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "app/report/run_pictures.h"
#include "app/training/scored_images.h"

namespace transfer {

/// What the charts and tables of a report are drawn from, as JSON:
/// - classes: `per_class` (`precision`, `recall`, `f1`, `support` in the order of the classes),
///   `confusion` (`[truth, predicted, images]` of the cells that are not empty), `reliability`, and
///   of two classes `curves`;
/// - labels: `per_class` with `average_precision` too, `reliability` and `curves`;
/// - numbers: `scatter`: for each target `name` and `points`, `[truth, predicted]` of at most 2,000
///   images, spread evenly, and `of`, how many images there are; `per_target` where there are
///   several.
/// `reliability` has `error` (ECE) and `bins` (`count`, `confidence`, `accuracy`); `curves` a
/// `name`, `auroc`, `positives`, `negatives` and `points`, `[false positive rate, recall,
/// precision, threshold]`.
nlohmann::ordered_json report_charts(const ShownSplit& split, const ScoredImages& images);

/// The lines of metrics.jsonl as an array; lines without an epoch are passed over.
nlohmann::ordered_json epoch_lines(std::string_view json_lines);

}  // namespace transfer
