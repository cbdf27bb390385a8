#include "core/lack_of_resources.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <system_error>

#include "core/errors.h"
#include "core/worker_threads.h"

namespace transfer {
namespace {

TEST(LackOfResources, MemoryIsToldFromOtherFailures) {
  const std::runtime_error libtorch(
      "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
      "you tried to allocate 100663296 bytes. Error code 12 (Cannot allocate memory)\nframe #0: x");
  EXPECT_TRUE(is_out_of_memory(libtorch));
  EXPECT_EQ(bytes_asked_for(libtorch), 100663296);
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_EQ(bytes_asked_for(std::bad_alloc()), std::nullopt);
  EXPECT_FALSE(is_out_of_gpu_memory(libtorch));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("expected 3 channels")));
  EXPECT_FALSE(is_out_of_memory(DataError("out of memory/1.png: cannot be read")))
      << "a path may hold the words";
}

TEST(LackOfResources, GpuMemoryIsToldFromTheCpus) {
  const std::runtime_error allocator(
      "CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of 139.80 GiB of "
      "which 512.00 MiB is free.");
  EXPECT_TRUE(is_out_of_gpu_memory(allocator));
  EXPECT_EQ(bytes_asked_for(allocator), 3 << 29);
  const std::runtime_error library(
      "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`");
  EXPECT_TRUE(is_out_of_gpu_memory(library));
  EXPECT_EQ(bytes_asked_for(library), std::nullopt);
  EXPECT_TRUE(is_out_of_gpu_memory(std::runtime_error("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("CUDA error: invalid device ordinal")));
}

TEST(LackOfResources, SystemErrorsAreToldApart) {
  const auto error = [](int code) { return std::system_error(code, std::generic_category()); };
  EXPECT_TRUE(is_out_of_threads(error(EAGAIN)));
  EXPECT_FALSE(is_out_of_threads(error(EMFILE)));
  EXPECT_TRUE(is_out_of_files(error(EMFILE)));
  EXPECT_TRUE(is_out_of_memory(error(ENOMEM)));
  EXPECT_FALSE(is_out_of_memory(error(EAGAIN)));
}

TEST(WorkerThreads, AllThatWereAskedForRun) {
  std::atomic<int> calls = 0;
  WorkerThreads threads;
  EXPECT_EQ(threads.start(4, [&] { ++calls; }), 4);
  threads.join();
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(threads.start(-1, [&] { ++calls; }), 0);
}

/// Ends with 0 where the work is done by fewer threads than were asked for.
void start_too_many() {
  rlimit limit = {};
  ::getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 4UL << 30;  // room for some stacks, not for 10,000
  ::setrlimit(RLIMIT_AS, &limit);
  std::atomic<std::int64_t> calls = 0;
  std::atomic<bool> is_over = false;
  WorkerThreads threads;
  const auto started = threads.start(10000, [&] {
    ++calls;
    is_over.wait(false);
  });
  is_over = true;
  is_over.notify_all();
  threads.join();
  ::_exit(started > 0 && started < 10000 && calls == started ? 0 : 1);
}

TEST(WorkerThreads, FewerRunWhereTheSystemAllowsNoMore) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more address space than the limit leaves";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(start_too_many(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace transfer
