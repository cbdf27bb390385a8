#include "app/report/run_removal.h"

#include <system_error>

#include "core/file_kind.h"
#include "core/run_files.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles[] = {run_file::kConfig,        run_file::kMetrics,
                                  run_file::kResults,       run_file::kSummary,
                                  run_file::kModel,         run_file::kLastModel,
                                  run_file::kPredictions,   run_file::kTestPredictions,
                                  run_file::kCurves,        run_file::kConfusionMatrix,
                                  run_file::kWorstMistakes, run_file::kValBatch,
                                  run_file::kCheckpoint,    run_file::kBestWeights,
                                  run_file::kAdvice,        run_file::kData,
                                  run_file::kReport,        run_file::kError};

void remove_files(const fs::path& run) {
  std::error_code ignored;
  for (const char* name : kFiles) fs::remove(run / name, ignored);
}

}  // namespace

void remove_run_files(const fs::path& run) {
  remove_files(run);
  std::error_code ignored;
  const fs::path members = run / run_file::kMembers;
  for (const auto& member : fs::directory_iterator(members, ignored)) {
    if (!is_file(member.path() / run_file::kConfig)) continue;
    remove_files(member.path());
    fs::remove(member.path() / run_file::kLock, ignored);
    fs::remove(member.path(), ignored);
  }
  fs::remove(members, ignored);  // unless something else is in it
  fs::remove_all(run / run_file::kPlanFeatures, ignored);
}

}  // namespace transfer
