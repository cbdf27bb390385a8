#pragma once

#include <c10/core/Event.h>
#include <c10/core/Stream.h>
#include <torch/types.h>

#include <optional>
#include <vector>

namespace transfer {

// Copies between the host's memory and a GPU for which the host does not wait. They must go through
// pinned memory. Such memory may be given up while a copy from it or into it is under way: LibTorch
// notes the stream of every non-blocking copy on the block of pinned memory (copy_kernel_cuda in
// aten/src/ATen/native/cuda/Copy.cu) and hands the block out again only once that stream has got so
// far (aten/src/ATen/core/CachingHostAllocator.h).

/// The tensor on `device`; from the host to a GPU without waiting, in order with the work that the
/// current stream gets.
torch::Tensor to_device(const torch::Tensor& tensor, torch::Device device);

/// The numbers that scalar tensors of one device hold, read with one wait for all of them.
std::vector<double> read_numbers(const std::vector<torch::Tensor>& scalars);

/// A number on its way from its device to the host. Reading it waits for the work that the current
/// stream had when this was made, and not for what it got later.
class PendingNumber {
 public:
  /// `scalar` has no dimensions.
  explicit PendingNumber(const torch::Tensor& scalar);
  double wait() const;

 private:
  torch::Tensor on_host_;
  /// When it is there; empty on the CPU, where it always is.
  std::optional<c10::Event> arrival_;
};

/// A stream of a GPU for copies alone, so that they run beside the arithmetic of the current
/// stream. LibTorch keeps freed memory apart for each stream, so one of these should serve long.
class CopyStream {
 public:
  /// REQUIRES: `device` is not the CPU.
  explicit CopyStream(torch::Device device);

  /// A tensor on its way to the device, not to be used before take().
  struct Arriving {
    torch::Tensor tensor;
    c10::Event arrival;
  };

  /// Begins to copy a tensor from the host to the device. The tensor may be given up at once.
  Arriving send(const torch::Tensor& tensor) const;
  /// The tensor for work that the current stream gets from now on, which waits for its arrival; the
  /// host does not.
  torch::Tensor take(Arriving arriving) const;

  /// Begins to copy what the work of the current stream so far makes of `numbers` into `host`,
  /// pinned memory. The event tells when it is there. REQUIRES: until then both tensors stay and
  /// `numbers` does not change.
  c10::Event fetch(const torch::Tensor& numbers, const torch::Tensor& host) const;

 private:
  /// The stream on which the calling thread computes.
  c10::Stream current() const;

  torch::Device device_;
  c10::Stream stream_;
};

/// One for a device that has streams, nothing for the CPU.
std::optional<CopyStream> copy_stream_for(torch::Device device);

}  // namespace transfer
