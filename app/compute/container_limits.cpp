#include "app/compute/container_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/split_text.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// The words of a file's first line; one empty word where it cannot be read.
std::vector<std::string> first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  const auto words = split_text(line, ' ');
  return {words.begin(), words.end()};
}

std::optional<std::int64_t> number_in(const fs::path& file) {
  return parse_whole_number(first_line(file).front());
}

/// The process's group according to /proc/self/cgroup, whose lines are `ID:CONTROLLERS:PATH`: in
/// v1's hierarchy of `controller`, or in v2's if that is empty.
std::string group_of(const fs::path& root, std::string_view controller) {
  std::ifstream stream(root / "proc/self/cgroup");
  for (std::string line; std::getline(stream, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto listed = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    if (listed.find(fmt::format(",{},", controller)) != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

/// The folder of `group` below a hierarchy's mount point, and its parents up to there. Inside a
/// container the path is often the host's and does not exist; the mount point is then the group.
std::vector<fs::path> folders_around(const fs::path& mount, const std::string& group) {
  const auto path = fs::path(group).lexically_normal().relative_path();
  std::vector<fs::path> folders = {mount};
  for (const auto& part : path) folders.push_back(folders.back() / part);
  return folders;
}

template <typename Number>
void lower(std::optional<Number>& limit, Number found) {
  limit = limit ? std::min(*limit, found) : found;
}

void lower_cores(ContainerLimits& limits, std::optional<std::int64_t> quota,
                 std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return;
  lower(limits.cores, static_cast<double>(*quota) / static_cast<double>(*period));
}

void lower_memory(ContainerLimits& limits, std::optional<std::int64_t> bytes) {
  constexpr std::int64_t kUnlimited = std::int64_t{1} << 60;  // v1 writes 2^63 less a page
  if (bytes && *bytes > 0 && *bytes < kUnlimited) lower(limits.memory_bytes, *bytes);
}

}  // namespace

ContainerLimits read_container_limits(const fs::path& root) {
  const auto mount = root / "sys/fs/cgroup";
  ContainerLimits limits;
  for (const auto& folder : folders_around(mount, group_of(root, ""))) {
    const auto cpu = first_line(folder / "cpu.max");  // QUOTA PERIOD
    if (cpu.size() == 2)
      lower_cores(limits, parse_whole_number(cpu[0]), parse_whole_number(cpu[1]));
    lower_memory(limits, number_in(folder / "memory.max"));
  }
  for (const auto& folder : folders_around(mount / "cpu", group_of(root, "cpu"))) {
    lower_cores(limits, number_in(folder / "cpu.cfs_quota_us"),
                number_in(folder / "cpu.cfs_period_us"));
  }
  for (const auto& folder : folders_around(mount / "memory", group_of(root, "memory"))) {
    lower_memory(limits, number_in(folder / "memory.limit_in_bytes"));
  }
  return limits;
}

std::int64_t threads_within(const ContainerLimits& limits, std::int64_t cores) {
  if (!limits.cores) return std::max<std::int64_t>(cores, 1);
  const double nearest = std::round(std::min(*limits.cores, static_cast<double>(cores)));
  return std::max<std::int64_t>(static_cast<std::int64_t>(nearest), 1);
}

std::int64_t default_cache_memory_mb(const ContainerLimits& limits) {
  constexpr std::int64_t kDefault = 1024;
  constexpr std::int64_t kProgram = 768;
  if (!limits.memory_bytes) return kDefault;
  const std::int64_t left = (*limits.memory_bytes >> 20) - kProgram;
  return std::clamp<std::int64_t>(left / 2, 0, kDefault);
}

}  // namespace transfer
