#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace transfer {

/// What this program is made of, and what it found on this machine: all that two runs must share to
/// give the same digits.
struct Versions {
  std::string transfer;
  /// Git commit that was built, with `-dirty` where files differed from it; `unknown` where the
  /// sources were not a Git checkout.
  std::string commit;
  std::string libtorch;
  std::string opencv;
  std::string compiler;
  /// Of the CUDA runtime that LibTorch was built for; empty for a build for CPUs.
  std::string cuda;
  /// Empty in a build without MPI.
  std::string mpi;
  /// Vector instructions that LibTorch's kernels use here, such as `AVX2`.
  std::string cpu_capability;
};

Versions versions();

/// `versions` in summary.json: the members' names; `null` for what is empty.
nlohmann::ordered_json versions_object(const Versions& versions);

/// What `--version` prints, one part per line; the first is "transfer 1.2.3 (commit …)".
std::string versions_text(const Versions& versions);

}  // namespace transfer
