#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "app/features/feature_table.h"
#include "core/file_lock.h"

namespace transfer {

/// Features of images on disk. A row is found by its image's key, whatever list the image is in.
/// Any number of processes may use one archive at the same time: they divide the missing rows
/// among them, and none computes what another is computing. A process that is killed leaves what
/// it has finished, and its locks are released.
///
/// The folder holds pairs of files that never change, NAME.features with the rows and their
/// checksums (see FeatureSegment) and NAME.keys with one line per row, and `lock`, whose date is
/// when the folder was last used. A file that is damaged, or that another user may have planted, is
/// named in a warning and removed, and its rows count as missing.
class FeatureArchive {
 public:
  static constexpr const char* kLockFile = "lock";
  /// Number of locks over which keys are spread by their first digits.
  static constexpr std::int64_t kLocks = 256;
  static constexpr std::int64_t kKeyDigits = 64;
  /// Bytes of one line of a `.keys` file.
  static constexpr std::int64_t kKeyLine = kKeyDigits + 1;

  /// Creates the folder if it is missing. Throws OutputError, also where everyone may write to it.
  FeatureArchive(std::filesystem::path folder, RowFormat format);

  /// How many of the keys have no row yet. Checks the rows that there are.
  std::int64_t missing(const std::vector<std::string>& keys);

  /// Fills `table` with the rows of the keys at these positions, in that order. A row that it does
  /// not write, such as that of a broken image, or writes as zeros is not stored.
  using Compute =
      std::function<void(const std::vector<std::int64_t>& positions, FeatureTable& table)>;

  /// The rows of all keys (64 hexadecimal digits each); missing ones are computed in portions.
  /// Those that are not stored, and rows without a key (""), are zeros. `waits` is called once if
  /// other processes are computing all that is missing. Throws what `compute` throws, OutputError
  /// and Interrupted.
  FeatureTable rows(const std::vector<std::string>& keys, const Compute& compute,
                    const std::function<void()>& waits);

 private:
  struct StoredRow {
    FeatureTable::Place place;
    bool is_checked = false;
  };

  /// Reads lists of keys that other processes have written since.
  void refresh();
  void read_segment(const std::filesystem::path& features);
  /// Checks the rows of these keys that were not checked before, and gives up damaged files.
  void check(const std::vector<std::string>& keys);
  void give_up(const std::shared_ptr<const FeatureSegment>& segment, const std::string& damage);
  /// Positions of the keys to be computed.
  std::vector<std::int64_t> missing_positions(const std::vector<std::string>& keys);
  /// Computes a portion that no other process is computing; false if there is none.
  bool compute_portion(const std::vector<std::string>& keys,
                       const std::vector<std::int64_t>& missing, const Compute& compute);
  void write_segment(const std::vector<std::string>& keys,
                     const std::vector<std::int64_t>& positions, const Compute& compute);
  /// Makes the folder and the lock anew where somebody has removed them. REQUIRES: no lock is held.
  void reach_folder();

  std::filesystem::path folder_;
  RowFormat format_;
  NumberedLocks locks_;
  std::set<std::string> known_segments_;
  /// Files that this process wrote.
  std::set<std::string> own_segments_;
  std::unordered_map<std::string, StoredRow> rows_;
  /// Keys that were computed and have no row to be stored.
  std::unordered_set<std::string> left_out_;
  /// Whether the folder was removed while this process computed.
  bool was_removed_ = false;
};

/// Removes from an archive's folder what killed processes left there unfinished, unless a process
/// is writing to it.
void remove_leftovers(const std::filesystem::path& folder, NumberedLocks& locks);

}  // namespace transfer
