#include "app/compute/cuda_state.h"

#include <ATen/ATen.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>
#include <torch/cuda.h>

#include <string_view>

namespace transfer {
namespace {

/// Keeps the last warning that LibTorch gives on this thread while it lives.
class LastWarning : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override { text_ = warning.msg(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string up_to_line_end(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Without "CUDA initialization: " and where in LibTorch it happened.
std::string reason_in(const std::string& warning) {
  constexpr std::string_view kPrefix = "CUDA initialization: ";
  std::string reason = up_to_line_end(warning);
  if (reason.starts_with(kPrefix)) reason.erase(0, kPrefix.size());
  return reason.substr(0, reason.find(" (Triggered internally"));
}

std::string failure_of_trial(torch::Device device) {
  try {
    const at::NoGradGuard no_gradients;
    const auto ones = at::ones({1, 1, 3, 3}, device);
    constexpr float kSum = 9;
    const bool is_right =
        ones.sum().item<float>() == kSum && at::conv2d(ones, ones).item<float>() == kSum;
    return is_right ? "" : "its result was wrong";
  } catch (const std::exception& error) {
    return up_to_line_end(error.what());
  }
}

}  // namespace

CudaState cuda_state() {
  CudaState state;
  // torch::hasCUDA() is false where no device works.
  state.is_built_in = at::detail::getCUDAHooks().hasCUDART();
  state.failure_of_trial = failure_of_trial;
  if (!state.is_built_in) return state;
  LastWarning warning;
  const c10::WarningUtils::WarningHandlerGuard guard(&warning);
  state.devices = static_cast<std::int64_t>(torch::cuda::device_count());
  if (state.devices == 0) state.problem = reason_in(warning.text());
  return state;
}

CudaState cuda_state_without_trial() {
  CudaState state = cuda_state();
  state.failure_of_trial = [](torch::Device) { return std::string(); };
  return state;
}

}  // namespace transfer
