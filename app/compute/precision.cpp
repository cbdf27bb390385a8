#include "app/compute/precision.h"

#include <ATen/autocast_mode.h>
#include <fstream>
#include <stdexcept>
#include <string>

#include "app/compute/compute_capability.h"
#include "core/errors.h"

namespace transfer {
namespace {

/// Without one of these, bfloat16 is emulated and 8 to 15 times slower than float32.
bool cpu_computes_in_bfloat16() {
  // Reads the processor's flags itself: LibTorch's own query has moved between versions.
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("flags")) continue;
    return line.find(" avx512_bf16") != std::string::npos ||
           line.find(" amx_bf16") != std::string::npos;
  }
  return false;
}

bool computes_in_bfloat16(torch::Device device) {
  constexpr int kAmpere = 8;
  return device.is_cuda() ? compute_capability(device).major >= kAmpere
                          : cpu_computes_in_bfloat16();
}

}  // namespace

Precision choose_precision(TrainPrecision asked, torch::Device device) {
  switch (asked) {
    case TrainPrecision::kFloat32: return {};
    case TrainPrecision::kAuto:
      // On a CPU with AVX512-BF16, EfficientNet-Lite0 trained no faster in it (22 images per second
      // against 25), so `auto` keeps float32 there.
      return device.is_cuda() && computes_in_bfloat16(device) ? Precision{torch::kBFloat16, false}
                                                              : Precision{};
    case TrainPrecision::kFloat16:
      if (device.is_cuda()) return {torch::kFloat16, true};
      throw DeviceError(
          "train.precision: float16 is for CUDA; a CPU has no fast float16 arithmetic. Use "
          "float32, or auto, which takes bfloat16 where the CPU computes in it.");
    case TrainPrecision::kBfloat16:
      if (computes_in_bfloat16(device)) return {torch::kBFloat16, false};
      throw DeviceError(
          device.is_cuda()
              ? "train.precision: this GPU has no bfloat16 arithmetic, which begins with compute "
                "capability 8.0 (Ampere). Use float16, float32 or auto."
              : "train.precision: this CPU has neither AVX512-BF16 nor AMX, so bfloat16 would be "
                "many times slower than float32. Use float32 or auto.");
  }
  throw std::logic_error("not a precision");
}

AutocastScope::AutocastScope(const Precision& precision, torch::Device device)
    : device_(device.type()), active_(precision.type != torch::kFloat32) {
  if (!active_) return;
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, precision.type);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  // Casts of the weights are cached until here; the next step has other weights.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

}  // namespace transfer
