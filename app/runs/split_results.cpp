#include "app/runs/split_results.h"

#include "app/report/prediction_table.h"
#include "app/report/run_pictures.h"
#include "core/atomic_file.h"
#include "core/run_files.h"

namespace transfer {

void write_split_results(const Preparation& p, const RunDirectory& run, const SplitOutputs& val,
                         const std::optional<SplitOutputs>& test, Summary& summary) {
  const auto write = [&](const char* file, const std::vector<Sample>& samples,
                         const SplitOutputs& split) {
    write_file_atomically(run.file(file), prediction_table(summary.objective, samples, split.truth,
                                                           split.outputs, p.dataset.classes));
  };
  write(run_file::kPredictions, p.dataset.val, val);
  if (test) write(run_file::kTestPredictions, p.dataset.test, *test);
  if (!p.config.report.pictures) return;
  summary.pictures = write_pictures(run,
                                    {p.dataset.val, val.truth, val.outputs, summary.val,
                                     p.dataset.classes, summary.objective, p.preprocessing()},
                                    summary.best_epoch);
}

}  // namespace transfer
