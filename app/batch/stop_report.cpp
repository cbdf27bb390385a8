#include "app/batch/stop_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/report/last_epoch.h"
#include "core/display_width.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Columns that the names of one line may take; the others are counted.
constexpr std::size_t kMostColumns = 160;

/// How far a job has come: its state, and whether it resumes from a checkpoint.
struct Standing {
  JobState state;
  bool resume;
  bool operator==(const Standing&) const = default;
};

/// The standings in the order of the report, with their words.
const std::vector<std::pair<Standing, std::string>>& list_standings() {
  static const std::vector<std::pair<Standing, std::string>> standings = {
      {{JobState::kFinished, false}, ""},
      {{JobState::kPruned, false}, ""},
      {{JobState::kFailed, false}, ", to be tried again"},
      {{JobState::kRunning, false}, ""},
      {{JobState::kPaused, true}, ", with checkpoints, from which they resume"},
      {{JobState::kStopped, true}, ", with checkpoints, from which they resume"},
      {{JobState::kStopped, false}, ", without a checkpoint, to begin again"},
      {{JobState::kWaiting, false}, ""}};
  return standings;
}

Standing standing_of(const std::string& name, JobState state, const BatchFolder& folder) {
  const bool may_resume =
      state == JobState::kStopped || state == JobState::kWaiting || state == JobState::kPaused;
  if (!may_resume) return {state, false};
  if (folder.progress(name) != JobProgress::kInterrupted) return {state, false};
  return {state == JobState::kPaused ? state : JobState::kStopped, true};
}

/// "a (epoch 3 of 20)"
std::string with_epoch(const BatchJob& job, const BatchFolder& folder) {
  const auto last = read_last_epoch(folder.run(job.name));
  if (!last) return job.name;
  const auto planned = planned_epochs(job.config);
  return fmt::format("{} (epoch {}{})", job.name, last->epoch,
                     planned ? fmt::format(" of {}", *planned) : "");
}

/// The names, of many the first ones and how many more there are.
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool fits = display_width(text) + display_width(names[i]) <= kMostColumns;
    if (i > 0 && !fits) return fmt::format("{} and {} more", text, names.size() - i);
    text += (i > 0 ? ", " : "") + names[i];
  }
  return text;
}

}  // namespace

std::vector<StoppedJobs> stopped_jobs(const BatchPlan& plan, const BatchFolder& folder,
                                      const std::vector<JobResult>& results) {
  std::vector<Standing> standings;
  for (std::size_t i = 0; i < results.size(); ++i) {
    standings.push_back(standing_of(plan.jobs[i].job.name, results[i].state, folder));
  }
  std::vector<StoppedJobs> report;
  for (const auto& [standing, words] : list_standings()) {
    StoppedJobs jobs{standing.state, standing.resume, {}, {}};
    std::vector<std::string> shown;
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (standings[i] != standing) continue;
      const BatchJob& job = plan.jobs[i].job;
      jobs.names.push_back(job.name);
      shown.push_back(standing.resume ? with_epoch(job, folder) : job.name);
    }
    if (shown.empty()) continue;
    jobs.text =
        fmt::format("{} ({}){}: {}", name_of(standing.state), shown.size(), words, listed(shown));
    report.push_back(std::move(jobs));
  }
  return report;
}

void tell_stopped_jobs(const BatchPlan& plan, const BatchFolder& folder,
                       const std::vector<JobResult>& results) {
  for (const StoppedJobs& jobs : stopped_jobs(plan, folder, results)) {
    messages().event("note",
                     {{"state", name_of(jobs.state)},
                      {"resume", jobs.resume},
                      {"count", jobs.names.size()},
                      {"jobs", jobs.names}},
                     jobs.text);
  }
}

}  // namespace transfer
