#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// What a batch file asks of Slurm, under its top-level key `slurm`. What each key means is in the
/// table in slurm.cpp, which `transfer config slurm` shows.
struct SlurmSettings {
  std::string partition;
  std::string account;
  std::string time;
  std::string gres;
  std::string memory;
  std::int64_t cpus = 1;
  std::int64_t jobs = 0;
  std::int64_t requeues = 10;
  std::int64_t checkpoint_seconds = 120;
  std::int64_t file_delay_seconds = 70;
  std::string container;
  /// What runs the image: `container_command… container program …`.
  std::vector<std::string> container_command = {"apptainer", "exec"};
  /// Empty with a container stands for kProgramInImage.
  std::string program;
  /// Each becomes a line `#SBATCH OPTION`.
  std::vector<std::string> options;
};

/// Where the project's Docker image has the binary.
inline constexpr const char* kProgramInImage = "/opt/transfer/bin/transfer";

/// Whether a script's line can hold the text: it has no line break or other control character.
bool fits_on_one_line(std::string_view text);

/// Seconds of a time limit as sbatch reads it: minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S. Empty
/// for any other text, such as UNLIMITED.
std::optional<std::int64_t> slurm_seconds(std::string_view time);

/// The settings of a batch file, the defaults where it has no `slurm`. Throws ConfigError naming
/// file and line: an unknown key, a wrong type, a number out of range, an option of sbatch that the
/// batch itself sets, a time limit that leaves no time before the checkpoint.
SlurmSettings read_slurm_settings(const std::filesystem::path& file);

}  // namespace transfer
