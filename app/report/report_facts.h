#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/report/provenance.h"
#include "app/report/summary.h"

namespace transfer {

/// A title and a text for people.
using ReportFacts = std::vector<std::pair<std::string, std::string>>;

/// What a run was: strategy and why, backbone, data, training, time. `summary` may lack what is
/// known only when the run has ended.
ReportFacts facts_of_run(const Summary& summary);

/// That predictions are the mean over several views of each image.
std::pair<std::string, std::string> fact_of_views(std::int64_t views);

/// When and on what machine, and by which versions.
ReportFacts facts_of_machine(const Provenance& provenance);

/// Why training ended, as a sentence.
std::string ended_by_text(TrainingEnd end);

}  // namespace transfer
