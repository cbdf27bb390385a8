#pragma once

#include <cstdint>
#include <string>

#include "app/commands/train.h"
#include "app/report/run_directory.h"
#include "app/runs/fine_tune_run.h"

namespace transfer {

/// Epochs that metrics.jsonl tells of.
std::int64_t count_epochs(const RunDirectory& run);

/// Throws ModelError where epochs were trained and their checkpoint is gone: training would start
/// again without a word.
void require_checkpoint(const Config& config, const RunDirectory& run);

/// Throws ConfigError where a run cannot go on to train.epochs: its head is fitted anew, or it has
/// trained as many.
void require_further_epochs(const Config& config, const RunDirectory& run, std::int64_t trained);

/// The text of a finished run's summary.json. Throws DataError where it is damaged or of another
/// format.
std::string finished_summary(const RunDirectory& run);

/// Resumes a run (`transfer --resume`): from its checkpoint, or with more epochs from its model.pt.
/// Returns 0; throws Error.
int resume_run(const TrainOptions& options, const std::shared_ptr<ProcessGroup>& group);

/// How far the run came, from that text. Throws DataError for a damaged one.
FinishedRun finished_run(const RunDirectory& run, const std::string& summary);

}  // namespace transfer
