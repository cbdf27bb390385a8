#pragma once

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace transfer {

/// While it lives, the meta device, which every LibTorch has, stands in for a GPU: it has streams
/// and events, and what is asked of them is noted. Its tensors hold no numbers. Stream 0 is the one
/// that computes, 7 the one for copies.
class StandInDevice : public c10::impl::DeviceGuardImplInterface {
 public:
  StandInDevice() : before_(place().exchange(this)) {}
  ~StandInDevice() override { place().store(before_); }
  StandInDevice(const StandInDevice&) = delete;
  StandInDevice& operator=(const StandInDevice&) = delete;

  /// What was asked for since the last call.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }
  std::int64_t current_stream() const { return current_; }

  c10::DeviceType type() const override { return c10::DeviceType::Meta; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {c10::DeviceType::Meta, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }

  c10::Stream getStream(c10::Device) const override { return stream(current_); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override { return stream(7); }
  c10::Stream exchangeStream(c10::Stream next) const override {
    note("on stream {}", next.id());
    return stream(std::exchange(current_, next.id()));
  }
  void recordDataPtrOnStream(const c10::DataPtr&, const c10::Stream& user) const override {
    note("memory used by {}", user.id());
  }

  void record(void** event, const c10::Stream& stream, c10::DeviceIndex,
              c10::EventFlag) const override {
    *event = reinterpret_cast<void*>(++events_);
    note("event {} behind {}", events_, stream.id());
  }
  void block(void* event, const c10::Stream& stream) const override {
    note("{} waits for event {}", stream.id(), reinterpret_cast<std::uintptr_t>(event));
  }
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void* event) const override {
    note("the host waits for event {}", reinterpret_cast<std::uintptr_t>(event));
  }

 private:
  static std::atomic<const DeviceGuardImplInterface*>& place() {
    return c10::impl::device_guard_impl_registry.at(
        static_cast<std::size_t>(c10::DeviceType::Meta));
  }
  c10::Stream stream(std::int64_t id) const {
    return c10::Stream(c10::Stream::UNSAFE, getDevice(), id);
  }
  template <typename... Values>
  void note(fmt::format_string<Values...> text, Values&&... values) const {
    notes_.push_back(fmt::format(text, std::forward<Values>(values)...));
  }

  const DeviceGuardImplInterface* before_;
  mutable std::vector<std::string> notes_;
  mutable std::int64_t current_ = 0;
  mutable std::uintptr_t events_ = 0;
};

}  // namespace transfer
