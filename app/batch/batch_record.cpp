#include "app/batch/batch_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/run_format.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Seconds between two writes, and what part of the time they may take.
constexpr double kWriteInterval = 1;
constexpr double kMostWriteShare = 0.02;

BatchRecord::Job job_from(const ordered_json& object) {
  BatchRecord::Job job;
  job.state =
      parse_name<JobState>(object.at("state").get<std::string>()).value_or(JobState::kWaiting);
  job.reason = object.value("reason", "");
  job.seconds = object.at("seconds").get<double>();
  if (object.contains("started")) job.started = object.at("started").get<double>();
  return job;
}

}  // namespace

std::optional<BatchRecord> read_batch_record(const BatchFolder& folder) {
  if (!is_file(folder.status_file())) return std::nullopt;
  try {
    const auto object = ordered_json::parse(read_file(folder.status_file()));
    if (object.value("format", 0) != kRunFormat) return std::nullopt;
    BatchRecord record;
    record.launcher = object.at("launcher").get<std::string>();
    record.slots = {object.at("jobs_at_once").get<std::int64_t>(),
                    object.at("jobs_at_once_are_certain").get<bool>()};
    for (const auto& job : object.at("jobs")) {
      record.jobs[job.at("job").get<std::string>()] = job_from(job);
    }
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

BatchRecorder::BatchRecorder(const BatchPlan& plan, const BatchFolder& folder, std::string launcher,
                             JobSlots slots)
    : plan_(plan), folder_(folder), launcher_(std::move(launcher)), slots_(slots) {}

bool BatchRecorder::has_changed(const std::vector<JobResult>& results) const {
  return !std::equal(results.begin(), results.end(), states_.begin(), states_.end(),
                     [](const JobResult& result, JobState state) { return result.state == state; });
}

void BatchRecorder::update(const std::vector<JobResult>& results, const JobClocks& clocks) {
  const double pause = std::max(kWriteInterval, cost_ / kMostWriteShare);
  if (since_written_ && since_written_->seconds() < pause) return;
  finish(results, clocks);
}

void BatchRecorder::finish(const std::vector<JobResult>& results, const JobClocks& clocks) {
  if (is_broken_ || !has_changed(results)) return;
  const Stopwatch watch;
  try {
    write(results, clocks);
  } catch (const OutputError& error) {
    is_broken_ = true;
    warn("{} The batch goes on; `transfer batch --status` does not see all of it.", error.what());
  }
  cost_ = watch.seconds();
  since_written_.emplace();
  states_.clear();
  for (const JobResult& result : results) states_.push_back(result.state);
}

void BatchRecorder::write(const std::vector<JobResult>& results, const JobClocks& clocks) {
  ordered_json jobs = ordered_json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto started = clocks.started(i);
    const double now = started ? clocks.last(i).value_or(0) : 0;
    ordered_json job = {{"job", plan_.jobs[i].job.name},
                        {"state", name_of(results[i].state)},
                        {"seconds", clocks.total(i) - now}};
    if (!results[i].reason.empty()) job["reason"] = results[i].reason;
    if (started) job["started"] = *started;
    jobs.push_back(std::move(job));
  }
  write_file_atomically(folder_.status_file(),
                        json_text({{"format", kRunFormat},
                                   {"launcher", launcher_},
                                   {"jobs_at_once", slots_.most},
                                   {"jobs_at_once_are_certain", slots_.are_certain},
                                   {"jobs", jobs}}));
}

}  // namespace transfer
