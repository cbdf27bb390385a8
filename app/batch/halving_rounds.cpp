#include "app/batch/halving_rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace transfer {
namespace {

/// Jobs with the same settings that are still in the contest.
struct Group {
  std::vector<std::size_t> jobs;
  double score = 0;
  double loss = 0;
};

class Contest {
 public:
  explicit Contest(const std::vector<Contestant>& jobs) : jobs_(jobs), verdicts_(jobs.size()) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const auto known = std::find(names.begin(), names.end(), jobs[i].group);
      if (known == names.end()) {
        names.push_back(jobs[i].group);
        groups_.push_back({{i}});
      } else {
        groups_[static_cast<std::size_t>(known - names.begin())].jobs.push_back(i);
      }
    }
  }

  std::vector<Verdict> verdicts(const Halving& halving) {
    std::int64_t until = halving.epochs;
    while (groups_.size() > 1) {
      if (run_to(until)) return verdicts_;
      if (is_over()) return verdicts_;
      keep_best(until, halving.factor);
      until *= halving.factor;
    }
    run_to(0);
    return verdicts_;
  }

 private:
  bool has_ended(std::size_t job) const { return jobs_[job].is_finished || jobs_[job].has_failed; }

  bool is_over() const {
    return std::all_of(groups_.begin(), groups_.end(), [this](const Group& group) {
      return std::all_of(group.jobs.begin(), group.jobs.end(),
                         [this](std::size_t job) { return has_ended(job); });
    });
  }

  /// Lets every job run that has not reached the epoch; returns whether there is one.
  bool run_to(std::int64_t until) {
    bool any = false;
    for (const Group& group : groups_) {
      for (const std::size_t job : group.jobs) {
        const auto epochs = static_cast<std::int64_t>(jobs_[job].epochs.size());
        if (has_ended(job) || (until > 0 && epochs >= until)) continue;
        verdicts_[job].kind = Verdict::Kind::kRun;
        verdicts_[job].until = until;
        any = true;
      }
    }
    return any;
  }

  /// The score of a job after an epoch, or after its last one where it ended earlier.
  const EpochScore* score_at(std::size_t job, std::int64_t epoch) const {
    const auto& epochs = jobs_[job].epochs;
    if (jobs_[job].has_failed || epochs.empty()) return nullptr;
    return &epochs[std::min(epochs.size(), static_cast<std::size_t>(epoch)) - 1];
  }

  void score(Group& group, std::int64_t epoch) const {
    const auto count = static_cast<double>(group.jobs.size());
    group.score = 0;
    group.loss = 0;
    for (const std::size_t job : group.jobs) {
      const EpochScore* const at = score_at(job, epoch);
      if (at == nullptr) {
        group.score = -std::numeric_limits<double>::infinity();
        return;
      }
      group.score += at->value / count;
      group.loss += at->loss / count;
    }
  }

  void keep_best(std::int64_t epoch, std::int64_t factor) {
    for (Group& group : groups_) score(group, epoch);
    std::stable_sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) {
      return a.score != b.score ? a.score > b.score : a.loss < b.loss;
    });
    const auto count = static_cast<std::int64_t>(groups_.size());
    const std::int64_t kept = (count + factor - 1) / factor;
    for (std::int64_t place = kept; place < count; ++place) {
      const Group& group = groups_[static_cast<std::size_t>(place)];
      for (const std::size_t job : group.jobs) {
        if (has_ended(job)) continue;
        const EpochScore* const at = score_at(job, epoch);
        verdicts_[job].kind = Verdict::Kind::kOut;
        verdicts_[job].reason =
            fmt::format("after epoch {}: {}, rank {} of {}; {} continue", epoch,
                        at ? at->score.text(at->value) : "no score", place + 1, count, kept);
      }
    }
    groups_.resize(static_cast<std::size_t>(kept));
  }

  const std::vector<Contestant>& jobs_;
  std::vector<Verdict> verdicts_;
  /// The groups still in the contest.
  std::vector<Group> groups_;
};

}  // namespace

std::vector<Verdict> judge(const Halving& halving, const std::vector<Contestant>& jobs) {
  return Contest(jobs).verdicts(halving);
}

}  // namespace transfer
