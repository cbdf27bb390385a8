#include "app/compute/device.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "app/compute/arithmetic.h"
#include "tests/core/message_listener.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

/// A machine of `devices` GPUs, of which each trial says `failure`.
std::function<CudaState()> machine(std::int64_t devices, const std::string& failure = "") {
  return [=] {
    CudaState state;
    state.is_built_in = true;
    state.devices = devices;
    state.failure_of_trial = [failure](torch::Device) { return failure; };
    return state;
  };
}

std::function<CudaState()> broken_driver() {
  return [] {
    CudaState state;
    state.is_built_in = true;
    state.problem = "The NVIDIA driver on your system is too old";
    return state;
  };
}

TEST(ChooseDevice, TakesAGpuWhereOneWorks) {
  EXPECT_EQ(choose_device("auto", 0, machine(2)), torch::Device(torch::kCUDA, 0));
  EXPECT_EQ(choose_device("cuda", 3, machine(2)), torch::Device(torch::kCUDA, 1)) << "in turn";
  EXPECT_EQ(choose_device("cuda:1", 0, machine(2)), torch::Device(torch::kCUDA, 1));
}

TEST(ChooseDevice, DoesNotAskForGpusWithCpu) {
  const auto fails = []() -> CudaState { throw std::logic_error("asked"); };
  EXPECT_EQ(choose_device("cpu", 0, fails), torch::Device(torch::kCPU));
}

TEST(ChooseDevice, TakesTheCpuInSilenceWhereThereIsNoGpu) {
  const MessageListener listener;
  EXPECT_EQ(choose_device("auto", 0, machine(0)), torch::Device(torch::kCPU));
  EXPECT_EQ(choose_device("auto", 0, [] { return CudaState{}; }), torch::Device(torch::kCPU));
  EXPECT_TRUE(listener.warnings.empty());
}

TEST(ChooseDevice, SaysWhyAutoTakesTheCpuAlthoughAGpuIsThere) {
  const MessageListener listener;
  EXPECT_EQ(choose_device("auto", 0, machine(1, "no kernel image is available")),
            torch::Device(torch::kCPU));
  EXPECT_EQ(choose_device("auto", 0, broken_driver()), torch::Device(torch::kCPU));
  ASSERT_EQ(listener.warnings.size(), 2U);
  expect_contains(listener.warnings[0], {"--device auto", "cuda:0", "no kernel image", "CPU"});
  expect_contains(listener.warnings[1], {"--device auto", "driver", "too old", "CPU"});
}

TEST(ChooseDevice, RefusesAGpuThatDoesNotWork) {
  const auto refusal = [](const std::string& name, const std::function<CudaState()>& cuda) {
    return message_of<DeviceError>([&] { choose_device(name, 0, cuda); });
  };
  expect_contains(refusal("cuda", [] { return CudaState{}; }),
                  {"--device cuda", "without CUDA", "--device cpu"});
  expect_contains(refusal("cuda:9", machine(2)),
                  {"--device cuda:9", "2 CUDA devices", "cuda:0 to cuda:1", "--device cpu"});
  expect_contains(refusal("cuda:0", machine(0)), {"no CUDA device", "--device cpu"});
  expect_contains(refusal("cuda", broken_driver()), {"too old", "--device cpu"});
  expect_contains(refusal("cuda:1", machine(2, "no kernel image is available")),
                  {"cuda:1", "no kernel image", "--device cpu"});
}

/// Puts LibTorch's switches back.
class UnchangedContext {
 public:
  ~UnchangedContext() {
    auto& context = at::globalContext();
    context.setDeterministicCuDNN(false);
    context.setBenchmarkCuDNN(false);
    context.setDeterministicAlgorithms(false, false);
    context.setDeterministicFillUninitializedMemory(true);
    context.setAllowTF32CuDNN(true);
    context.setAllowTF32CuBLAS(false);
  }
};

TEST(SetArithmetic, IsDeterministicAndFullFloat32UnlessAskedOtherwise) {
  const UnchangedContext unchanged;
  const auto& context = at::globalContext();
  const torch::Device gpu(torch::kCUDA, 0);
  set_arithmetic(gpu, {});
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_TRUE(context.deterministicAlgorithms());
  EXPECT_FALSE(context.benchmarkCuDNN());
  EXPECT_FALSE(context.allowTF32CuDNN());
  EXPECT_FALSE(context.allowTF32CuBLAS());
  set_arithmetic(gpu, {.deterministic = false, .tf32 = true});
  EXPECT_FALSE(context.deterministicCuDNN());
  EXPECT_FALSE(context.deterministicAlgorithms());
  EXPECT_TRUE(context.benchmarkCuDNN());
  EXPECT_TRUE(context.allowTF32CuDNN());
  EXPECT_TRUE(context.allowTF32CuBLAS());
}

TEST(SetArithmetic, LeavesACpuAlone) {
  const UnchangedContext unchanged;
  at::globalContext().setDeterministicAlgorithms(false, false);
  set_arithmetic(torch::kCPU, {});
  EXPECT_FALSE(at::globalContext().deterministicAlgorithms());
}

TEST(SetArithmetic, NamesAnOperatorWithoutADeterministicKernelOnce) {
  const UnchangedContext unchanged;
  set_arithmetic({torch::kCUDA, 0}, {});
  const MessageListener listener;
  at::globalContext().alertNotDeterministic("some_backward_cuda");
  at::globalContext().alertNotDeterministic("some_backward_cuda");
  ASSERT_EQ(listener.warnings.size(), 1U);
  expect_contains(listener.warnings[0], {"some_backward_cuda", "deterministic"});
}

}  // namespace
}  // namespace transfer
