#include "app/compute/mpi_group.h"

#include <fmt/format.h>

#include "core/errors.h"

#ifdef TRANSFER_HAS_MPI

// The C interface alone.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "core/cancellation.h"
#include "core/messages.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// Seconds that a process waits for the others after a signal to stop; they may be in the middle of
/// a batch.
constexpr double kStopSeconds = 60;

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw TrainingError(fmt::format(
      "MPI: {} failed: {}. Another process or its machine may have died; continue from the last "
      "checkpoint with --resume.",
      what, std::string(text, static_cast<std::size_t>(length))));
}

/// Waits by polling at first, then with pauses in between.
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
      note(
          "stopping: waiting for the other processes to finish their batch. If one of them has "
          "died, the last checkpoint in the run directory is good: continue with --resume.");
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

/// Numbers per call; MPI counts with int.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 28;

class MpiGroup : public ProcessGroup {
 public:
  MpiGroup() {
    // For sums in place Open MPI 4.1 defaults to a binomial tree, which sends log2(N) times as many
    // bytes; this is Rabenseifner's reduce-scatter and allgather (Thakur et al. 2005). The user's
    // choice wins.
    ::setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "3", /*overwrite=*/0);
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init");
    check(MPI_Comm_dup(MPI_COMM_WORLD, &calls_), "MPI_Comm_dup");
    // Sums of gradients begin at different times on each process: a separate communicator.
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

}  // namespace

std::shared_ptr<ProcessGroup> join_mpi(std::int64_t) { return std::make_shared<MpiGroup>(); }

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  check(MPI_Get_library_version(text, &length), "MPI_Get_library_version");
  const std::string version(text, static_cast<std::size_t>(length));
  return version.substr(0, version.find_first_of(",\n"));
}

}  // namespace transfer

#else

namespace transfer {

std::shared_ptr<ProcessGroup> join_mpi(std::int64_t processes) {
  throw ConfigError(fmt::format(
      "{} processes were started together, but this transfer was built without MPI, so that each "
      "would train alone. Install Open MPI (apt-get install libopenmpi-dev openmpi-bin) and build "
      "again, or start one process.",
      processes));
}

std::string mpi_library() { return ""; }

}  // namespace transfer

#endif
