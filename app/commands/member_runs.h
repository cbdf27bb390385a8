#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/advice/stage_probes.h"
#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"
#include "app/runs/ensemble_run.h"
#include "core/stopwatch.h"

namespace transfer {

/// The models of a run that joins several: each is a run of its own in the folder `members` of the
/// run directory. The references must outlive it.
class MemberRuns {
 public:
  /// `whole` is the preparation of the whole run.
  MemberRuns(const Preparation& whole, const RunDirectory& run, const Stopwatch& since_start)
      : whole_(whole), run_(run), since_start_(since_start) {}

  /// Trains the next member. `config` says how, but for where it writes; its features and decays
  /// that `known` holds are not computed again, others are stored as `cache` says. Throws Error.
  void train(const Config& config, const CacheConfig& cache, StageProbes known = {});

  const std::vector<MemberRun>& runs() const { return runs_; }
  /// Leaves only these members; the others' directories are removed.
  void keep(const std::vector<std::size_t>& positions);

  /// What settings_of_member() says of each member, as its config.yaml has it.
  std::vector<std::string> settings() const;

  /// Joins the members, writes summary.json, and returns what the user is to read. `config` is that
  /// of the whole run, whose config.yaml gets the members. Throws Error.
  std::string join(Config config, bool json);

 private:
  const Preparation& whole_;
  const RunDirectory& run_;
  const Stopwatch& since_start_;
  std::vector<MemberRun> runs_;
  /// Of the last member.
  std::optional<Preparation> last_;
};

/// Does `work` in the run directory, which is removed where it fails or is stopped: what was
/// trained so far is of no use without the rest. Returns what `work` returns. Throws what it
/// throws.
std::string all_or_nothing(const RunDirectory& run, const std::function<std::string()>& work);

}  // namespace transfer
