#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <memory>

#include "core/fusion.h"

namespace transfer {

/// A copy of a network for fast inference on one device: evaluation mode, channels-last weights,
/// BatchNorm folded by torch::jit::freeze. It cannot be trained. `run` may be called from several
/// threads at once.
///
/// On a CPU a batch goes through the network in slices so small that activations stay in the cache,
/// of one image where images are of 224x224 pixels: what comes out for an image then depends on
/// nothing but the image.
class InferenceModule {
 public:
  InferenceModule(const torch::jit::Module& module, torch::Device device);
  ~InferenceModule();
  InferenceModule(InferenceModule&&) noexcept;

  torch::Device device() const { return device_; }

  /// Runs `forward` without autograd on images [N,C,H,W] from any device. The result is an
  /// inference tensor on the module's device. With Fusion::kAuto, oneDNN Graph fuses the network's
  /// operators where runs_fused(): the first run compiles, which takes as long as 10 to 20 images
  /// of 224x224 pixels, and later images of another size run without. Where the network cannot be
  /// fused, a note says so once.
  torch::Tensor run(const torch::Tensor& images, Fusion fusion = Fusion::kOff) const;

 private:
  struct FusedCopy;

  /// The copy to run on slices like this one.
  const torch::jit::Module& compiled(const torch::Tensor& slice) const;

  torch::Device device_;
  torch::jit::Module module_;
  std::unique_ptr<FusedCopy> fused_;
};

/// Whether networks run fused. It depends on nothing but the device, the CPU and the setting, so
/// that it can name what computed stored features.
bool runs_fused(torch::Device device, Fusion fusion);

}  // namespace transfer
