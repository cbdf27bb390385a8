#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/features/feature_table.h"
#include "core/file_lock.h"

namespace transfer {

/// Features of images on disk. A row is found by its image's key, whatever list the image is in.
/// Any number of processes may use one archive at the same time: they divide the missing rows
/// among them, and none computes what another is computing. A process that is killed leaves what
/// it has finished, and its locks are released.
///
/// The folder holds pairs of files that never change, NAME.features with the rows and NAME.keys
/// with one line per row, and `lock`, whose date is when the folder was last used.
class FeatureArchive {
 public:
  static constexpr const char* kLockFile = "lock";
  /// Number of locks over which keys are spread by their first digits.
  static constexpr std::int64_t kLocks = 256;
  static constexpr std::int64_t kKeyDigits = 64;
  /// Bytes of one line of a `.keys` file.
  static constexpr std::int64_t kKeyLine = kKeyDigits + 1;

  /// Creates the folder if it is missing. Throws OutputError.
  FeatureArchive(std::filesystem::path folder, RowFormat format);

  /// How many of the keys have no row yet.
  std::int64_t missing(const std::vector<std::string>& keys) const;

  /// Fills `table` with the rows of the keys at these positions, in that order.
  using Compute =
      std::function<void(const std::vector<std::int64_t>& positions, FeatureTable& table)>;

  /// The rows of all keys (64 hexadecimal digits each); missing ones are computed in
  /// portions. `waits` is called once if other processes are computing all that is missing. Throws
  /// what `compute` throws, OutputError and Interrupted.
  FeatureTable rows(const std::vector<std::string>& keys, const Compute& compute,
                    const std::function<void()>& waits);

 private:
  /// Reads files that other processes have written since.
  void refresh();
  void read_segment(const std::filesystem::path& features);
  std::vector<std::int64_t> missing_positions(const std::vector<std::string>& keys) const;
  /// Computes a portion that no other process is computing; false if there is none.
  bool compute_portion(const std::vector<std::string>& keys,
                       const std::vector<std::int64_t>& missing, const Compute& compute);
  void write_segment(const std::vector<std::string>& keys,
                     const std::vector<std::int64_t>& positions, const Compute& compute);
  /// Removes files that killed processes left unfinished, unless a process is writing.
  void remove_leftovers();

  std::filesystem::path folder_;
  RowFormat format_;
  NumberedLocks locks_;
  std::set<std::string> known_segments_;
  std::unordered_map<std::string, FeatureTable::Place> places_;
};

}  // namespace transfer
