#include "app/compute/process_group.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/stopwatch.h"

#ifdef TRANSFER_HAS_MPI
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#endif

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

/// The whole number in an environment variable; 0 where there is none.
std::int64_t number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtoll(text, nullptr, 10);
}

/// Processes that a launcher has started beside this one, itself included.
std::int64_t started_processes() {
  // mpirun says the first, srun the second.
  return std::max(
      {number_in("OMPI_COMM_WORLD_SIZE"), number_in("SLURM_STEP_NUM_TASKS"), std::int64_t{1}});
}

/// Whether the launcher speaks PMIx or Open MPI's own protocol, so that MPI finds the others.
bool launcher_connects() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

#ifdef TRANSFER_HAS_MPI

/// Seconds that a process that was told to stop waits for the others, which may be in the middle of
/// a batch.
constexpr double kStopSeconds = 60;

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw TrainingError(fmt::format(
      "MPI: {} failed: {}. Another process or its machine has perhaps gone; go on from the last "
      "checkpoint with --resume.",
      what, std::string(text, static_cast<std::size_t>(length))));
}

/// Waits as the others need it: at first by looking again and again, then with pauses.
class Patience {
 public:
  void pause() {
    constexpr int kEagerLooks = 2000;
    constexpr auto kShort = std::chrono::microseconds(100);
    constexpr auto kLong = std::chrono::milliseconds(5);
    constexpr double kLongFrom = 2.0;
    if (++looks_ <= kEagerLooks) {
      ::sched_yield();
      return;
    }
    std::this_thread::sleep_for(clock_.seconds() < kLongFrom ? std::chrono::microseconds(kShort)
                                                             : std::chrono::microseconds(kLong));
    look_for_signal();
  }

 private:
  void look_for_signal() {
    if (stop_signal() == 0) return;
    if (!stopping_) {
      stopping_.emplace();
      fmt::print(stderr,
                 "stopping: waits for the other processes to end their batch. If one of them has "
                 "died, the last checkpoint in the run directory is good: go on with --resume.\n");
      std::fflush(stderr);
    }
    if (stopping_->seconds() > kStopSeconds) throw_if_stopped();
  }

  int looks_ = 0;
  Stopwatch clock_;
  std::optional<Stopwatch> stopping_;
};

class MpiPending : public ProcessGroup::Pending {
 public:
  explicit MpiPending(MPI_Request request) : request_(request) {}

  bool is_done() override {
    int done = 0;
    check(MPI_Test(&request_, &done, MPI_STATUS_IGNORE), "MPI_Test");
    return done != 0;
  }

  void wait() override {
    Patience patience;
    while (!is_done()) patience.pause();
  }

 private:
  MPI_Request request_;
};

void wait_for(MPI_Request request) { MpiPending(request).wait(); }

/// Numbers a call; MPI counts with int.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 28;

class MpiGroup : public ProcessGroup {
 public:
  MpiGroup() {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init");
    check(MPI_Comm_dup(MPI_COMM_WORLD, &calls_), "MPI_Comm_dup");
    // Sums of gradients are begun at another time on each process, so they go another way.
    check(MPI_Comm_dup(MPI_COMM_WORLD, &sums_), "MPI_Comm_dup");
    for (MPI_Comm communicator : {calls_, sums_}) {
      MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
    }
    MPI_Comm_rank(calls_, &rank_);
    MPI_Comm_size(calls_, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    check(MPI_Comm_split_type(calls_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine),
          "MPI_Comm_split_type");
    MPI_Comm_rank(machine, &local_rank_);
    MPI_Comm_free(&machine);
  }

  ~MpiGroup() override { MPI_Finalize(); }
  MpiGroup(const MpiGroup&) = delete;
  MpiGroup& operator=(const MpiGroup&) = delete;

  std::int64_t rank() const override { return rank_; }
  std::int64_t size() const override { return size_; }
  std::int64_t local_rank() const override { return local_rank_; }

  std::unique_ptr<Pending> begin_sum(std::span<float> numbers) override {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallreduce(MPI_IN_PLACE, numbers.data(), static_cast<int>(numbers.size()), MPI_FLOAT,
                         MPI_SUM, sums_, &request),
          "MPI_Iallreduce");
    return std::make_unique<MpiPending>(request);
  }

  void sum(std::span<float> numbers) override { sum_all(numbers, MPI_FLOAT); }
  void sum(std::span<double> numbers) override { sum_all(numbers, MPI_DOUBLE); }

  void broadcast(std::span<std::byte> bytes) override {
    for (std::size_t first = 0; first < bytes.size(); first += kMostAtOnce) {
      const auto part = bytes.subspan(first, std::min(kMostAtOnce, bytes.size() - first));
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Ibcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, 0, calls_, &request),
            "MPI_Ibcast");
      wait_for(request);
    }
  }

  std::vector<std::string> gather(const std::string& own) override {
    const auto processes = static_cast<std::size_t>(size_);
    int length = static_cast<int>(own.size());
    std::vector<int> lengths(processes);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, calls_, &request),
          "MPI_Iallgather");
    wait_for(request);
    std::vector<int> starts(processes, 0);
    for (std::size_t i = 1; i < processes; ++i) starts[i] = starts[i - 1] + lengths[i - 1];
    std::string all(static_cast<std::size_t>(starts.back() + lengths.back()), '\0');
    check(MPI_Iallgatherv(own.data(), length, MPI_CHAR, all.data(), lengths.data(), starts.data(),
                          MPI_CHAR, calls_, &request),
          "MPI_Iallgatherv");
    wait_for(request);
    std::vector<std::string> result;
    for (std::size_t i = 0; i < processes; ++i) {
      result.push_back(
          all.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
    }
    return result;
  }

  void wait_for_all() override {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(calls_, &request), "MPI_Ibarrier");
    wait_for(request);
  }

  void abort(int status) override {
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, status);
    std::_Exit(status);
  }

 private:
  template <typename Number>
  void sum_all(std::span<Number> numbers, MPI_Datatype type) {
    for (std::size_t first = 0; first < numbers.size(); first += kMostAtOnce) {
      const auto part = numbers.subspan(first, std::min(kMostAtOnce, numbers.size() - first));
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Iallreduce(MPI_IN_PLACE, part.data(), static_cast<int>(part.size()), type, MPI_SUM,
                           calls_, &request),
            "MPI_Iallreduce");
      wait_for(request);
    }
  }

  MPI_Comm calls_ = MPI_COMM_NULL;
  MPI_Comm sums_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  int local_rank_ = 0;
};

std::shared_ptr<ProcessGroup> join_mpi(std::int64_t) { return std::make_shared<MpiGroup>(); }

#else

[[noreturn]] std::shared_ptr<ProcessGroup> join_mpi(std::int64_t processes) {
  throw ConfigError(fmt::format(
      "{} processes were started together, but this transfer was built without MPI, so that each "
      "would train alone. Install Open MPI (apt-get install libopenmpi-dev openmpi-bin) and build "
      "again, or start one process.",
      processes));
}

#endif

}  // namespace

std::shared_ptr<ProcessGroup> single_process() { return std::make_shared<SingleProcess>(); }

std::shared_ptr<ProcessGroup> join_process_group() {
  const std::int64_t processes = started_processes();
  if (processes == 1) return single_process();
  if (launcher_connects()) return join_mpi(processes);
  throw ConfigError(fmt::format(
      "srun has started {} processes without telling them of each other, so that each would train "
      "alone. Give srun --mpi=pmix, or start one process.",
      processes));
}

std::string broadcast_text(ProcessGroup& group, const std::string& text) {
  return group.gather(group.is_first() ? text : "").front();
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
