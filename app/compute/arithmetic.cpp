#include "app/compute/arithmetic.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <set>
#include <string_view>

#include "app/compute/compute_capability.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Passes on what LibTorch says of operators without a deterministic kernel, each once.
class DeterminismWarnings : public c10::WarningHandler {
 public:
  DeterminismWarnings() : previous_(c10::WarningUtils::get_warning_handler()) {
    c10::WarningUtils::set_warning_handler(this);
  }
  ~DeterminismWarnings() override { c10::WarningUtils::set_warning_handler(previous_); }
  DeterminismWarnings(const DeterminismWarnings&) = delete;
  DeterminismWarnings& operator=(const DeterminismWarnings&) = delete;

  void process(const c10::Warning& warning) override {
    constexpr std::string_view kSign = " does not have a deterministic implementation";
    const std::string& text = warning.msg();
    const auto end = text.find(kSign);
    if (end == std::string::npos) return previous_->process(warning);
    const std::string name = text.substr(0, end);
    const std::lock_guard lock(mutex_);
    if (!told_.insert(name).second) return;
    warn("{} has no deterministic kernel on a GPU, so two runs may differ in their last digits.",
         name);
  }

 private:
  c10::WarningHandler* previous_;
  std::mutex mutex_;
  std::set<std::string> told_;
};

}  // namespace

void fix_cublas_workspace() {
  constexpr int kKeep = 0;
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", kKeep);
}

void set_arithmetic(torch::Device device, const ComputeConfig& config) {
  if (!device.is_cuda()) return;
  auto& context = at::globalContext();
  context.setDeterministicCuDNN(config.deterministic);
  context.setBenchmarkCuDNN(!config.deterministic);
  context.setDeterministicAlgorithms(config.deterministic, /*warn_only=*/true);
  // Filling memory that is about to be written costs time and helps only code that forgets to.
  context.setDeterministicFillUninitializedMemory(false);
  context.setAllowTF32CuDNN(config.tf32);
  context.setAllowTF32CuBLAS(config.tf32);
  static DeterminismWarnings warnings;
}

std::string arithmetic_name(torch::Device device, const ComputeConfig& config) {
  if (!device.is_cuda()) return fmt::format("{} {}", device.str(), at::get_cpu_capability());
  const ComputeCapability capability = compute_capability(device);
  return fmt::format("cuda {}.{}{}{}", capability.major, capability.minor,
                     config.tf32 ? " tf32" : "", config.deterministic ? "" : " any order");
}

}  // namespace transfer
