#include "app/compute/device_copies.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

namespace transfer {
namespace {

/// Streams and events by way of this interface compile against a LibTorch without CUDA too.
c10::impl::VirtualGuardImpl driver_of(torch::Device device) { return {device.type()}; }

/// The tensor in pinned memory if `device` reads that without the host; else as it is.
torch::Tensor readable_by(torch::Device device, const torch::Tensor& tensor) {
  const bool is_readable = !device.is_cuda() || !tensor.is_cpu() || tensor.is_pinned();
  return is_readable ? tensor : tensor.pin_memory();
}

}  // namespace

torch::Tensor to_device(const torch::Tensor& tensor, torch::Device device) {
  const bool waits = !(device.is_cuda() && tensor.is_cpu());
  return readable_by(device, tensor).to(device, /*non_blocking=*/!waits);
}

std::vector<double> read_numbers(const std::vector<torch::Tensor>& scalars) {
  if (scalars.empty()) return {};
  std::vector<torch::Tensor> wide;
  wide.reserve(scalars.size());
  for (const auto& scalar : scalars) wide.push_back(scalar.to(torch::kFloat64));
  const auto numbers = at::stack(wide).to(torch::kCPU);
  const auto* first = numbers.const_data_ptr<double>();
  return {first, first + numbers.numel()};
}

PendingNumber::PendingNumber(const torch::Tensor& scalar) : on_host_(scalar) {
  if (scalar.is_cpu()) return;
  on_host_ = torch::empty({}, scalar.options().device(torch::kCPU).pinned_memory(true));
  on_host_.copy_(scalar, /*non_blocking=*/true);
  arrival_.emplace(scalar.device().type());
  arrival_->record(driver_of(scalar.device()).getStream(scalar.device()));
}

double PendingNumber::wait() const {
  if (arrival_) arrival_->synchronize();
  return on_host_.item<double>();
}

CopyStream::CopyStream(torch::Device device)
    : device_(device), stream_(driver_of(device).getStreamFromGlobalPool(device)) {}

c10::Stream CopyStream::current() const { return driver_of(device_).getStream(device_); }

CopyStream::Arriving CopyStream::send(const torch::Tensor& tensor) const {
  const c10::StreamGuard guard(stream_);
  Arriving arriving{readable_by(device_, tensor).to(device_, /*non_blocking=*/true),
                    c10::Event(device_.type())};
  arriving.arrival.record(stream_);
  return arriving;
}

torch::Tensor CopyStream::take(Arriving arriving) const {
  const c10::Stream user = current();
  arriving.arrival.block(user);
  // Its memory is of the copying stream, which must not fill it anew before the user is done.
  driver_of(device_).recordDataPtrOnStream(arriving.tensor.storage().data_ptr(), user);
  return std::move(arriving.tensor);
}

c10::Event CopyStream::fetch(const torch::Tensor& numbers, const torch::Tensor& host) const {
  c10::Event computed(device_.type());
  computed.record(current());
  computed.block(stream_);
  const c10::StreamGuard guard(stream_);
  torch::Tensor target = host;
  target.copy_(numbers, /*non_blocking=*/true);
  c10::Event arrival(device_.type());
  arrival.record(stream_);
  return arrival;
}

std::optional<CopyStream> copy_stream_for(torch::Device device) {
  if (device.is_cpu()) return std::nullopt;
  return CopyStream(device);
}

}  // namespace transfer
