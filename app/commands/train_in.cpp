#include "app/commands/train_in.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands/resumed_run.h"
#include "app/compute/gpu_memory.h"
#include "app/report/failure_report.h"
#include "app/report/provenance.h"
#include "app/runs/data_record.h"
#include "app/runs/frozen_features_run.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/shell_word.h"
#include "core/visible_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

Summary run_strategy(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
                     StageProbes known) {
  if (find_strategy(preparation.config.strategy).trunk_is_frozen) {
    run.keep_metrics(std::nullopt);
    return run_on_frozen_features(preparation, run, span.since_start, std::move(known));
  }
  return run_fine_tuning(preparation, run, span, known);
}

/// What the program will say of the exception that is being handled.
std::string failure_text() {
  try {
    throw;
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return explain_failure(error).message;
  }
}

/// Leaves of a failed run only what can be resumed, and what was there before.
void leave_failed(const RunDirectory& run, const RunSpan& span) {
  if (is_file(run.file(run_file::kSummary))) return;
  if (span.resumes || is_file(run.checkpoint())) {
    run.note_failure(failure_text());
  } else {
    run.discard();
  }
}

/// Writes into config.yaml of a run of trained layers where the clock has stopped it, so that the
/// file repeats the run without a clock.
void note_stop(const RunDirectory& run, const Summary& summary) {
  ConfigSources sources;
  sources.files = {run.file(run_file::kConfig)};
  Config config = resolve_config(sources, strategy_choices());
  const bool ended_by_time = summary.end == TrainingEnd::kTimeLimit;
  if (config.train.stop_batch == summary.stop_batch && !ended_by_time) return;
  config.train.stop_batch = summary.stop_batch;
  config.train.time_limit = {};
  run.write_config(config);
}

/// What a stopped run leaves, for the message. A run that stops because nobody reads its output has
/// nobody to tell either, so one without a finished epoch is removed.
std::string what_is_left(const RunDirectory& run, const RunSpan& span, int signal) {
  const std::string path = shell_word(run.path().string());
  if (signal == SIGPIPE && !span.resumes && count_epochs(run) == 0) {
    run.discard();
    return fmt::format("The run directory {} is removed, since no epoch was finished", path);
  }
  const bool has_model = is_file(run.file(run_file::kModel));
  return fmt::format("{}. Resume with: transfer --resume {}",
                     has_model ? "model.pt is the best model so far" : "No model was written",
                     path);
}

}  // namespace

std::string write_summary(Summary summary, const Preparation& p, const RunDirectory& run,
                          const Stopwatch& since_start, bool json) {
  if (is_file(run.file(run_file::kAdvice))) summary.advice = read_file(run.file(run_file::kAdvice));
  summary.peak_memory_mb = peak_memory_mb();
  if (const auto bytes = peak_gpu_memory_bytes(p.device)) {
    summary.peak_gpu_memory_mb = static_cast<double>(*bytes) / (1 << 20);
  }
  summary.data_sha256 = data_sha256(p, run);
  summary.provenance = provenance_of_now(p.device);
  summary.seconds_total += since_start.seconds();
  run.show_results(summary.epochs, summary.pictures);
  write_file_atomically(run.file(run_file::kSummary), to_json(summary));
  messages().add_to_result(result_members(summary));
  if (summary.end != TrainingEnd::kTimeLimit) run.remove_checkpoints();
  return json ? to_json(summary) : visible_lines(to_text(summary));
}

std::string results_of_training(const Preparation& preparation, const RunDirectory& run,
                                const RunSpan& span, bool json, StageProbes known) {
  std::string results;
  run.forget_failure();
  try {
    Summary summary = run_strategy(preparation, run, span, std::move(known));
    if (preparation.group->is_rank0()) {
      if (!find_strategy(preparation.config.strategy).trunk_is_frozen) note_stop(run, summary);
      results = write_summary(std::move(summary), preparation, run, span.since_start, json);
    }
    preparation.group->wait_for_all();
  } catch (const Interrupted& stop) {
    throw Interrupted(fmt::format("{}. {}", stop.what(), what_is_left(run, span, stop.signal())),
                      stop.signal());
  } catch (const Paused&) {
    throw;
  } catch (...) {
    leave_failed(run, span);
    throw;
  }
  return results;
}

void train_in(const Preparation& preparation, const RunDirectory& run, const RunSpan& span,
              bool json, StageProbes known) {
  // A stdout that is full or closed does no harm to the run.
  fmt::print("{}", results_of_training(preparation, run, span, json, std::move(known)));
}

}  // namespace transfer
