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

/// What frozen layers give for images, on disk, each row found by its image's key, whatever
/// list the image is in. Any number of processes may use one at the same time: they divide what
/// is missing between them, and none computes what another is computing. A process that is killed
/// leaves what it has finished, and its locks are gone with it.
///
/// The folder holds pairs of files that never change: NAME.features, the rows, and NAME.keys, a
/// line each; and `lock`, whose date tells when the folder was last used.
class FeatureArchive {
 public:
  static constexpr const char* kLockFile = "lock";
  /// Keys are spread over so many locks by their first digits.
  static constexpr std::int64_t kLocks = 256;
  static constexpr std::int64_t kKeyDigits = 64;
  /// Bytes of a line of a `.keys` file.
  static constexpr std::int64_t kKeyLine = kKeyDigits + 1;

  /// Makes the folder where it is missing. Throws OutputError.
  FeatureArchive(std::filesystem::path folder, RowFormat format);

  /// How many of the keys have no row yet.
  std::int64_t missing(const std::vector<std::string>& keys) const;

  /// Fills `table` with the rows of the keys at these positions, in that order.
  using Compute =
      std::function<void(const std::vector<std::int64_t>& positions, FeatureTable& table)>;

  /// The rows of all keys (64 hexadecimal digits each); what is missing is computed a portion at a
  /// time. `waits` is called once where all that is missing is being computed by others. Throws
  /// what `compute` throws, OutputError and Interrupted.
  FeatureTable rows(const std::vector<std::string>& keys, const Compute& compute,
                    const std::function<void()>& waits);

 private:
  /// Learns of files that were written since.
  void refresh();
  void read_segment(const std::filesystem::path& features);
  std::vector<std::int64_t> missing_positions(const std::vector<std::string>& keys) const;
  /// Computes a portion that nobody else is at; false where there is none.
  bool compute_portion(const std::vector<std::string>& keys,
                       const std::vector<std::int64_t>& missing, const Compute& compute);
  void write_segment(const std::vector<std::string>& keys,
                     const std::vector<std::int64_t>& positions, const Compute& compute);
  /// Removes the files that killed processes left unfinished, unless somebody is writing.
  void remove_leftovers();

  std::filesystem::path folder_;
  RowFormat format_;
  NumberedLocks locks_;
  std::set<std::string> known_segments_;
  std::unordered_map<std::string, FeatureTable::Place> places_;
};

}  // namespace transfer
