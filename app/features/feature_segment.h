#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/features/row_format.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/open_file.h"

namespace transfer {

// A `.features` file holds R rows as they lie in memory and behind them R + 1 CRC-32s, four bytes
// each: one of each row and one of the keys that name the rows. Such a file never changes.

/// A `.features` file that does not hold what was written there: truncated, damaged, unreadable or
/// planted by another user. A batch starts a job that it ends once more.
class DamagedFeatures : public OutputError {
 public:
  DamagedFeatures(const std::filesystem::path& file, const std::string& damage);
  /// "FILE: what is wrong with it."
  const std::string& damage() const { return damage_; }

 private:
  std::string damage_;
};

/// The rows of a finished file. It is opened when the first row is read, since an archive may have
/// more files than a process may open. Rows are read with read(2), not mapped: where the file is
/// truncated meanwhile, a mapping would end the process. Thread-safe.
class FeatureSegment {
 public:
  /// `keys_crc` is the CRC-32 of the text of the keys.
  FeatureSegment(std::filesystem::path file, std::int64_t rows, std::uint32_t keys_crc,
                 RowFormat format);

  const std::filesystem::path& file() const { return file_; }

  /// Copies a row as it is stored, and checks it: a row of zeros, which is never stored, counts as
  /// damage. Throws DamagedFeatures, and OutputError where too many files are open.
  void read(std::int64_t row, char* target) const;

  /// Removes the file from its folder unless another has taken its place; false where it stays.
  /// What is open stays readable.
  bool remove() const;

 private:
  struct Contents {
    OpenFile file;
    std::vector<std::uint32_t> checksums;
  };
  const Contents& contents() const;
  Contents open() const;

  std::filesystem::path file_;
  std::int64_t rows_;
  std::uint32_t keys_crc_;
  RowFormat format_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Contents> contents_;
};

/// Writes such a file, which appears under its final name in `finish`.
class FeatureSegmentWriter {
 public:
  /// Reserves room for `rows` rows. Throws OutputError.
  FeatureSegmentWriter(const std::filesystem::path& file, std::int64_t rows, RowFormat format);

  /// Writes a row. Safe from several threads for separate rows. Throws OutputError.
  void write(std::int64_t row, const char* bytes);

  /// The rows that the file will hold, in that order: those written, without those that are all
  /// zeros, as the row of a failed image would be.
  std::vector<std::int64_t> stored_rows() const;

  /// Ends writing; see FeatureSegment. REQUIRES: stored_rows() is not empty. Throws OutputError.
  void finish(std::uint32_t keys_crc);

 private:
  AtomicFile unfinished_;
  OpenFile file_;
  RowFormat format_;
  std::vector<std::uint32_t> checksums_;
  /// 1 for rows to be stored; bytes, since several threads write.
  std::vector<char> is_stored_;
};

}  // namespace transfer
