#include "app/batch/job_clocks.h"

#include <chrono>

namespace transfer {

double seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

void JobClocks::start(std::size_t job) {
  jobs_[job].since.emplace();
  jobs_[job].started = seconds_since_1970();
}

double JobClocks::stop(std::size_t job) {
  Clock& clock = jobs_[job];
  if (!clock.since) return 0;
  clock.last = clock.since->seconds();
  clock.before += *clock.last;
  clock.since.reset();
  clock.started.reset();
  return *clock.last;
}

std::optional<double> JobClocks::last(std::size_t job) const {
  return jobs_[job].since ? jobs_[job].since->seconds() : jobs_[job].last;
}

double JobClocks::total(std::size_t job) const {
  return jobs_[job].before + (jobs_[job].since ? jobs_[job].since->seconds() : 0);
}

}  // namespace transfer
