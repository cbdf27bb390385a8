#pragma once

#include <cstdint>
#include <memory>

namespace transfer {

/// Counts the bytes of CPU tensors that the calling thread allocates and frees, autograd's
/// included, from its construction to its destruction. Not counted: what oneDNN needs inside a
/// layer.
///
/// Threads: used by the thread that constructed it.
class TensorMemoryMeter {
 public:
  TensorMemoryMeter();
  ~TensorMemoryMeter();
  TensorMemoryMeter(const TensorMemoryMeter&) = delete;
  TensorMemoryMeter& operator=(const TensorMemoryMeter&) = delete;

  /// The most bytes that were in use at once, beyond those at the start.
  std::int64_t peak_bytes() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Bytes that this process may have in all: what it has now and what the system has left, but no
/// more than the limit of its control groups. 0 if unknown.
std::int64_t available_memory_bytes();

/// Bytes that this process has now.
std::int64_t resident_memory_bytes();

}  // namespace transfer
