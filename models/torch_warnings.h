#pragma once

namespace transfer {

/// Keeps LibTorch's own warnings, such as of operators that a later version will drop, from the
/// terminal: a user can do nothing about them. TORCH_CPP_LOG_LEVEL brings them back.
void silence_torch_warnings();

}  // namespace transfer
