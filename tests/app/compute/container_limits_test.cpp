#include "app/compute/container_limits.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::DoubleEq;
using testing::Optional;

constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;
constexpr const char* kUnlimitedV1 = "9223372036854771712\n";

/// A fake `/` with files of the kernel.
class ContainerLimitsTest : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) { root_.write(file, text); }
  ContainerLimits limits() { return read_container_limits(root_ / ""); }

 private:
  TemporaryFolder root_;
};

TEST_F(ContainerLimitsTest, ASystemWithoutControlGroupsHasNone) {
  EXPECT_EQ(limits().cores, std::nullopt);
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
}

TEST_F(ContainerLimitsTest, Version2InsideAContainer) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  write("sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_THAT(limits().cores, Optional(DoubleEq(1.5)));
  EXPECT_THAT(limits().memory_bytes, Optional(kGigabyte));
}

TEST_F(ContainerLimitsTest, Version2Unlimited) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(limits().cores, std::nullopt);
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
}

TEST_F(ContainerLimitsTest, TheSmallestOfTheGroupsAroundCounts) {
  write("proc/self/cgroup", "0::/jobs.slice/job.scope\n");
  write("sys/fs/cgroup/jobs.slice/cpu.max", "200000 100000\n");
  write("sys/fs/cgroup/jobs.slice/memory.max", "max\n");
  write("sys/fs/cgroup/jobs.slice/job.scope/cpu.max", "400000 100000\n");
  write("sys/fs/cgroup/jobs.slice/job.scope/memory.max", "1073741824\n");
  write("sys/fs/cgroup/other.slice/cpu.max", "10000 100000\n");
  EXPECT_THAT(limits().cores, Optional(DoubleEq(2)));
  EXPECT_THAT(limits().memory_bytes, Optional(kGigabyte));
}

TEST_F(ContainerLimitsTest, Version1InsideAContainerNamesTheHostsPath) {
  write("proc/self/cgroup",
        "5:cpu,cpuacct:/docker/4f2a\n4:memory:/docker/4f2a\n0::/system.slice\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
  EXPECT_THAT(limits().cores, Optional(DoubleEq(0.5)));
  EXPECT_THAT(limits().memory_bytes, Optional(kGigabyte));
}

TEST_F(ContainerLimitsTest, Version1Unlimited) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", kUnlimitedV1);
  EXPECT_EQ(limits().cores, std::nullopt);
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
}

TEST_F(ContainerLimitsTest, Version1GroupOfItsOwn) {
  write("proc/self/cgroup", "5:cpuset:/wrong\n4:cpuacct,cpu:/job\n3:memory:/job\n");
  write("sys/fs/cgroup/cpu/wrong/cpu.cfs_quota_us", "100000\n");
  write("sys/fs/cgroup/cpu/wrong/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "300000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", kUnlimitedV1);
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1073741824\n");
  EXPECT_THAT(limits().cores, Optional(DoubleEq(3)));
  EXPECT_THAT(limits().memory_bytes, Optional(kGigabyte));
}

TEST_F(ContainerLimitsTest, NonsenseIsNoLimit) {
  write("proc/self/cgroup", "nonsense\n::\n");
  write("sys/fs/cgroup/cpu.max", "100000 0\n");
  write("sys/fs/cgroup/memory.max", "1e9\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "-4096\n");
  EXPECT_EQ(limits().cores, std::nullopt);
  EXPECT_EQ(limits().memory_bytes, std::nullopt);
}

TEST(ThreadsWithin, TheNearestWholeNumberOfCoresAtLeastOne) {
  EXPECT_EQ(threads_within({}, 8), 8);
  EXPECT_EQ(threads_within({2.0, {}}, 8), 2);
  EXPECT_EQ(threads_within({1.5, {}}, 8), 2);
  EXPECT_EQ(threads_within({1.4, {}}, 8), 1);
  EXPECT_EQ(threads_within({0.1, {}}, 8), 1);
  EXPECT_EQ(threads_within({16.0, {}}, 8), 8);
  EXPECT_EQ(threads_within({}, 0), 1);
}

TEST(DefaultCacheMemory, LeavesRoomForTheProgram) {
  EXPECT_EQ(default_cache_memory_mb({}), 1024);
  EXPECT_EQ(default_cache_memory_mb({{}, 64 * kGigabyte}), 1024);
  EXPECT_EQ(default_cache_memory_mb({{}, 2 * kGigabyte}), (2048 - 768) / 2);
  EXPECT_EQ(default_cache_memory_mb({{}, kGigabyte / 2}), 0);
}

}  // namespace
}  // namespace transfer
