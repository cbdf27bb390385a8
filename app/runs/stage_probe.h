#pragma once

#include <filesystem>
#include <vector>

#include "app/report/summary.h"
#include "app/runs/preparation.h"

namespace transfer {

/// How well a linear head does on the pooled output of every stage but the last, by 5-fold
/// cross-validation on at most 2,000 training pictures. One pass over the pictures serves all
/// stages. Throws ModelError when the backbone has too few stages.
std::vector<StageProbe> probe_stages(const Preparation& preparation,
                                     const std::filesystem::path& feature_store);

/// The one of highest score; the earliest of equals. REQUIRES: not empty.
const StageProbe& best_probe(const std::vector<StageProbe>& probes);

}  // namespace transfer
