#pragma once

namespace transfer {

/// Seconds of a run over several invocations.
struct RunSeconds {
  /// From the start of the program on.
  double total = 0;
  /// Until training began: reading, features of frozen layers, the start of the head.
  double extract = 0;
  double train = 0;
};

}  // namespace transfer
