#pragma once

#include <cstdint>

namespace transfer {

/// Images of that many pixels that go through a network together on a CPU (InferenceModule): one of
/// 224x224, whose activations fill the cache, and more of smaller ones, for which calling the
/// operators would take longer than their arithmetic.
std::int64_t images_per_slice(std::int64_t height, std::int64_t width);

}  // namespace transfer
