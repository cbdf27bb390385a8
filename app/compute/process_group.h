#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace transfer {

/// The processes that train one network together. Rank 0 alone writes files and messages. All of
/// them must call the same functions in the same order; calls of begin_sum() have an order of their
/// own. One call at a time, from any thread.
///
/// Implementations: a single process, and MPI. One over NCCL, whose gradients need not leave the
/// GPUs, would be a third.
class ProcessGroup {
 public:
  /// A sum in progress. The numbers must stay where they are until it is done.
  class Pending {
   public:
    virtual ~Pending() = default;
    /// Makes progress without waiting; true once the sums are there.
    virtual bool is_done() = 0;
    /// Throws Interrupted after a signal to stop if the others do not arrive within a minute.
    virtual void wait() = 0;
  };

  virtual ~ProcessGroup() = default;

  virtual std::int64_t rank() const = 0;
  virtual std::int64_t size() const = 0;
  /// Rank among the processes on this machine.
  virtual std::int64_t local_rank() const = 0;
  bool is_rank0() const { return rank() == 0; }

  /// Begins to replace each number by its sum over the processes: the same bits on all of them.
  virtual std::unique_ptr<Pending> begin_sum(std::span<float> numbers) = 0;

  /// The functions below block; each throws what Pending::wait() throws.
  virtual void sum(std::span<float> numbers) = 0;
  virtual void sum(std::span<double> numbers) = 0;
  /// Replaces the bytes by those of rank 0.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
  /// The texts of all processes, by rank, on all of them.
  virtual std::vector<std::string> gather(const std::string& own) = 0;
  /// Returns when all have called it. Waiting uses hardly any CPU time.
  virtual void wait_for_all() = 0;

  /// Ends all processes, including this one, with this exit status.
  [[noreturn]] virtual void abort(int status) = 0;
};

/// This process alone.
std::shared_ptr<ProcessGroup> single_process();

/// The group in which `mpirun -n N` or `srun --mpi=pmix -n N` has started this process; otherwise
/// this process alone. Called once per process. Throws ConfigError where several were started and
/// cannot form a group, saying what is missing.
std::shared_ptr<ProcessGroup> join_process_group();

/// Rank 0's text, on all processes.
std::string broadcast_text(ProcessGroup& group, const std::string& text);
/// Rank 0's number, on all processes.
double broadcast_number(ProcessGroup& group, double number);

/// The default number of threads of this process: its `cores`, shared with the processes on this
/// machine that may use the same ones.
std::int64_t share_of_cores(ProcessGroup& group, std::int64_t cores);

}  // namespace transfer
