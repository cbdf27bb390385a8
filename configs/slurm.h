#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// What a batch file asks of Slurm, under its top-level key `slurm`. Empty texts leave the choice
/// to Slurm.
struct SlurmSettings {
  std::string partition;
  std::string account;
  /// Time limit of a job as sbatch takes it: minutes, H:M:S, D-H.
  std::string time;
  /// Generic resources, such as `gpu:1`.
  std::string gres;
  /// Memory of a job as sbatch takes it: `8G`.
  std::string memory;
  /// Processors, and threads, of a job.
  std::int64_t cpus = 1;
  /// Jobs at a time; 0 is as many as Slurm lets run.
  std::int64_t jobs = 0;
  /// Times that a job which Slurm stopped goes on.
  std::int64_t requeues = 10;
  /// Seconds before the time limit at which a job is told to write its checkpoint.
  std::int64_t checkpoint_seconds = 120;
  /// Seconds until a file that a node wrote must be seen here: NFS keeps what it knows of a folder
  /// for up to a minute.
  std::int64_t file_delay_seconds = 70;
  /// Image that the jobs run in; empty runs them on the node itself.
  std::string container;
  /// What runs the image: `container_command… container program …`.
  std::vector<std::string> container_command = {"apptainer", "exec"};
  /// `transfer` on the nodes; empty is the binary that submits, or with a container
  /// kProgramInImage.
  std::string program;
  /// Further options of sbatch, each a line `#SBATCH OPTION`.
  std::vector<std::string> options;
};

/// Where the project's Docker image has the binary.
inline constexpr const char* kProgramInImage = "/opt/transfer/bin/transfer";

/// Whether a script's line can hold the text: it has no line break or other control character.
bool fits_on_one_line(std::string_view text);

/// Seconds of a time limit as sbatch takes it: minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S. Nothing
/// for any other text, such as UNLIMITED.
std::optional<std::int64_t> slurm_seconds(std::string_view time);

/// The settings of a batch file, the defaults where it has no `slurm`. Throws ConfigError naming
/// file and line: an unknown key, a wrong type, a number out of range, an option of sbatch that the
/// batch itself sets, a time limit that leaves no time before the checkpoint.
SlurmSettings read_slurm_settings(const std::filesystem::path& file);

}  // namespace transfer
