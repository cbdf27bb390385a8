#include "app/compute/process_group.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "app/compute/mpi_group.h"
#include "core/errors.h"

namespace transfer {
namespace {

class DonePending : public ProcessGroup::Pending {
 public:
  bool is_done() override { return true; }
  void wait() override {}
};

class SingleProcess : public ProcessGroup {
 public:
  std::int64_t rank() const override { return 0; }
  std::int64_t size() const override { return 1; }
  std::int64_t local_rank() const override { return 0; }
  std::unique_ptr<Pending> begin_sum(std::span<float>) override {
    return std::make_unique<DonePending>();
  }
  void sum(std::span<float>) override {}
  void sum(std::span<double>) override {}
  void broadcast(std::span<std::byte>) override {}
  std::vector<std::string> gather(const std::string& own) override { return {own}; }
  void wait_for_all() override {}
  void abort(int status) override { std::_Exit(status); }
};

/// The whole number in an environment variable; 0 if it is unset or not a number.
std::int64_t number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
}

/// Processes that a launcher has started beside this one, itself included.
std::int64_t started_processes() {
  // The first is mpirun's, the second srun's.
  return std::max(
      {number_in("OMPI_COMM_WORLD_SIZE"), number_in("SLURM_STEP_NUM_TASKS"), std::int64_t{1}});
}

/// Whether the launcher speaks PMIx or Open MPI's own protocol, so that MPI finds the others.
bool launcher_connects() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

}  // namespace

std::shared_ptr<ProcessGroup> single_process() { return std::make_shared<SingleProcess>(); }

std::shared_ptr<ProcessGroup> join_process_group() {
  const std::int64_t processes = started_processes();
  if (processes == 1) return single_process();
  if (launcher_connects()) return join_mpi(processes);
  throw ConfigError(
      fmt::format("srun has started {} processes without connecting them, so that each would train "
                  "alone. Give srun --mpi=pmix, or start one process.",
                  processes));
}

std::string broadcast_text(ProcessGroup& group, const std::string& text) {
  return group.gather(group.is_rank0() ? text : "").front();
}

double broadcast_number(ProcessGroup& group, double number) {
  group.broadcast(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

std::int64_t share_of_cores(ProcessGroup& group, std::int64_t cores) {
  if (group.size() == 1) return cores;
  char machine[256] = {};
  ::gethostname(machine, sizeof(machine) - 1);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  ::sched_getaffinity(0, sizeof(allowed), &allowed);
  std::string own(sizeof(allowed), '\0');
  std::memcpy(own.data(), &allowed, sizeof(allowed));
  std::int64_t sharers = 0;
  for (const std::string& other : group.gather(own + machine)) {
    if (other.substr(sizeof(allowed)) != machine) continue;
    cpu_set_t theirs;
    std::memcpy(&theirs, other.data(), sizeof(theirs));
    cpu_set_t both;
    CPU_AND(&both, &allowed, &theirs);
    if (CPU_COUNT(&both) > 0) ++sharers;
  }
  return std::max<std::int64_t>(cores / std::max<std::int64_t>(sharers, 1), 1);
}

}  // namespace transfer
