#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace transfer {

/// The processes that train one network together, each told by its rank. Rank 0 alone writes files
/// and speaks. All of them must call the same functions in the same order, begin_sum() apart,
/// whose calls keep an order of their own. One call at a time, from any thread.
///
/// The implementations are one process alone and MPI; one over NCCL, for gradients that need not
/// leave the GPUs, would be a third.
class ProcessGroup {
 public:
  /// A sum that is under way. The numbers must stay where they are until it is done.
  class Pending {
   public:
    virtual ~Pending() = default;
    /// Moves it on without waiting; true once the sums are there.
    virtual bool is_done() = 0;
    /// Throws Interrupted where a signal to stop has come and the others do not within a minute.
    virtual void wait() = 0;
  };

  virtual ~ProcessGroup() = default;

  virtual std::int64_t rank() const = 0;
  virtual std::int64_t size() const = 0;
  /// Rank among the processes on this machine.
  virtual std::int64_t local_rank() const = 0;
  bool is_first() const { return rank() == 0; }

  /// Begins to replace each number by its sum over the processes: the same bits on all of them.
  virtual std::unique_ptr<Pending> begin_sum(std::span<float> numbers) = 0;

  /// The functions below wait; each throws as Pending::wait().
  virtual void sum(std::span<float> numbers) = 0;
  virtual void sum(std::span<double> numbers) = 0;
  /// Replaces the bytes by those of rank 0.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  /// What each process gives, in the order of their ranks, on all of them.
  virtual std::vector<std::string> gather(const std::string& own) = 0;
  /// Returns when all have called it. Waiting costs no processor time worth mentioning.
  virtual void wait_for_all() = 0;

  /// Ends all processes, this one included, with this exit status.
  [[noreturn]] virtual void abort(int status) = 0;
};

/// This process alone.
std::shared_ptr<ProcessGroup> single_process();

/// The group that `mpirun -n N` or `srun --mpi=pmix -n N` has started this process in; alone where
/// neither has. Once a process. Throws ConfigError where several were started and cannot form a
/// group, saying what is missing.
std::shared_ptr<ProcessGroup> join_process_group();

/// Text of rank 0, on all.
std::string broadcast_text(ProcessGroup& group, const std::string& text);
/// Likewise a number.
double broadcast_number(ProcessGroup& group, double number);

/// Threads of this process when nothing is said: its `cores`, shared with the processes on this
/// machine that may use one of the same.
std::int64_t share_of_cores(ProcessGroup& group, std::int64_t cores);

}  // namespace transfer
