#pragma once

namespace transfer {

/// Whether this CPU runs graphs that oneDNN Graph has fused: one with AVX2 or more, and a LibTorch
/// with oneDNN.
bool can_fuse_graphs();

/// While it lives, oneDNN Graph fuses operators of the graphs that LibTorch's profiling executor
/// compiles on this thread, which it does in the second run of a graph. Graphs compiled on other
/// threads, or before and after, stay as they are. Not to be nested.
class FusesGraphs {
 public:
  FusesGraphs();
  ~FusesGraphs();
  FusesGraphs(const FusesGraphs&) = delete;
  FusesGraphs& operator=(const FusesGraphs&) = delete;
};

}  // namespace transfer
