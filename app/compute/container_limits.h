#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace transfer {

/// What the control groups of this process allow, as `docker run --cpus --memory`, Kubernetes and
/// systemd set them. Empty is no limit.
struct ContainerLimits {
  /// CPU time in cores, such as 1.5.
  std::optional<double> cores;
  std::optional<std::int64_t> memory_bytes;
};

/// Reads cgroup v2 (`cpu.max`, `memory.max`) and v1 (`cpu.cfs_quota_us`, `memory.limit_in_bytes`)
/// as mounted at `root`/sys/fs/cgroup: the smallest limit of the process's own group and of its
/// ancestors. A missing or malformed value is no limit.
ContainerLimits read_container_limits(const std::filesystem::path& root = "/");

/// Threads that `limits` can keep busy on `cores` cores: the nearest whole number, at least one.
std::int64_t threads_within(const ContainerLimits& limits, std::int64_t cores);

/// The default of `cache.memory_mb`: 1024, or, if less, half of what a memory limit leaves after
/// the 768 MB that the program itself takes (measured with the default backbone).
std::int64_t default_cache_memory_mb(const ContainerLimits& limits);

}  // namespace transfer
