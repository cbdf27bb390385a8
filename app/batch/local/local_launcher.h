#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/batch/batch_folder.h"
#include "app/batch/launcher.h"
#include "app/batch/local/child_process.h"

namespace transfer {

/// How much of the machine the jobs may use.
struct LocalShares {
  /// Jobs at a time.
  std::int64_t jobs = 1;
  /// Threads of each.
  std::int64_t threads = 1;
  /// CUDA devices, assigned to the jobs in turn.
  std::int64_t gpus = 0;
};

/// `jobs` at a time (0: one per GPU, or one where there is none), each with an equal share of
/// `threads` (0: usable_cores()).
LocalShares share_machine(std::int64_t jobs, std::int64_t threads, std::int64_t gpus);

/// What to warn of when more jobs run at a time than there are GPUs, so that some share one;
/// nothing where each has its own or none is used. `count` is the number of jobs of the whole
/// batch: fewer than `shares.jobs` may be all that ever run at a time.
std::optional<std::string> shared_gpus_warning(const LocalShares& shares, std::int64_t count);

/// Runs jobs as child processes on this machine, a fixed number at a time.
class LocalLauncher : public Launcher {
 public:
  LocalLauncher(const BatchFolder& folder, std::vector<std::string> names, LocalShares shares);

  LauncherKind kind() const override { return LauncherKind::kLocal; }
  bool has_room() const override;
  void start(std::size_t job) override;
  std::vector<EndedJob> ended() override;
  void stop() override;

 private:
  struct Slot {
    std::size_t job;
    ChildProcess process;
  };

  const BatchFolder& folder_;
  std::vector<std::string> names_;
  LocalShares shares_;
  /// The running jobs by the number of their share.
  std::map<std::int64_t, Slot> slots_;
};

}  // namespace transfer
