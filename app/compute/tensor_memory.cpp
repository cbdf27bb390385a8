#include "app/compute/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "app/compute/container_limits.h"

namespace transfer {
namespace {

/// The number behind `name` in /proc/meminfo, in bytes; 0 if there is none.
std::int64_t meminfo(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    std::int64_t kilobytes = 0;
    if (word == name + ":" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

class TensorMemoryMeter::Implementation {
 public:
  std::int64_t peak() const { return counter_->peak; }

 private:
  /// Receives what LibTorch's CPU allocator reports.
  struct Counter : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void* /*pointer*/, std::int64_t bytes, std::size_t /*allocated*/,
                           std::size_t /*reserved*/, c10::Device device) override {
      if (!device.is_cpu()) return;
      current += bytes;
      peak = std::max(peak, current);
    }
    bool memoryProfilingEnabled() const override { return true; }

    std::int64_t current = 0;
    std::int64_t peak = 0;
  };

  std::shared_ptr<Counter> counter_ = std::make_shared<Counter>();
  c10::DebugInfoGuard guard_{c10::DebugInfoKind::PROFILER_STATE, counter_};
};

TensorMemoryMeter::TensorMemoryMeter() : implementation_(std::make_unique<Implementation>()) {}
TensorMemoryMeter::~TensorMemoryMeter() = default;

std::int64_t TensorMemoryMeter::peak_bytes() const { return implementation_->peak(); }

std::int64_t resident_memory_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t available_memory_bytes() {
  const std::int64_t left = meminfo("MemAvailable");
  const auto limit = read_container_limits().memory_bytes;
  if (left == 0) return limit.value_or(0);
  const std::int64_t available = left + resident_memory_bytes();
  return limit ? std::min(*limit, available) : available;
}

}  // namespace transfer
