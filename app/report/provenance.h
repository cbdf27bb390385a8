#pragma once

#include <torch/types.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace transfer {

/// When, by what command and on what machine a result came about.
struct Provenance {
  /// In UTC by ISO 8601, to the second: "2026-01-31T23:59:59Z".
  std::string date;
  /// The command line of the process, as a shell would read it.
  std::string command;
  /// The CPU's model; "" where the kernel does not tell.
  std::string cpu;
  /// Cores and memory that the process may use.
  std::int64_t cores = 0;
  std::int64_t memory_mb = 0;
  /// The GPU's model; "" for a run on the CPU.
  std::string gpu;
};

/// The command line of this process, as a shell would read it.
std::string command_of_process();

/// That of a result which this process has now, computed on `device`.
Provenance provenance_of_now(torch::Device device);

/// `date`, `command` and `hardware` in summary.json, with `null` for what is "".
nlohmann::ordered_json provenance_object(const Provenance& provenance);

}  // namespace transfer
