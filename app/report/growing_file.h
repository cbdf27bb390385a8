#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/file_lock.h"
#include "core/open_file.h"

namespace transfer {

/// What ends a row.
enum class RowEnd {
  kLineBreak,
  /// A line break that is not between double quotes, as in CSV.
  kUnquotedLineBreak,
};

/// A file of rows that grows for hours and gets its name when it is complete. Until then it is
/// FILE.part, with FILE.part.json beside it, which says what the rows depend on, so that a killed
/// process can be followed by one that goes on behind the last whole row. One process at a time
/// writes it. Not thread-safe.
class GrowingFile {
 public:
  /// What the rows depend on, by name: those of a file that goes on must be the same.
  using Identity = nlohmann::ordered_json;

  /// Begins anew, also where rows of an earlier process are there, with a warning. A file that
  /// is not `kept` when it is left incomplete leaves nothing. Throws OutputError, also where what
  /// is called FILE.part is not such a file.
  static GrowingFile begin(const std::filesystem::path& file, const Identity& identity,
                           bool kept = true);

  /// Goes on with FILE.part, or begins anew where there is none. `for_row` is called for each row
  /// that is there, with the line break at its end; a row cut short at the end is removed. Throws
  /// ConfigError where what is there depends on something else, DataError where it cannot be read,
  /// OutputError as begin() does, and what `for_row` throws.
  static GrowingFile go_on(const std::filesystem::path& file, const Identity& identity,
                           RowEnd row_end,
                           const std::function<void(std::string_view row)>& for_row);

  ~GrowingFile();
  GrowingFile(GrowingFile&& other) noexcept;
  GrowingFile& operator=(GrowingFile&&) = delete;

  /// Appends whole rows: once it returns they outlive the process. Throws OutputError.
  void append(std::string_view rows);

  /// Flushes the file to disk and gives it its name. Throws OutputError.
  void commit();

 private:
  GrowingFile(std::filesystem::path file, FileLock lock, std::uint64_t size, bool is_kept);

  std::filesystem::path file_;
  FileLock lock_;
  OpenFile part_;
  std::uint64_t size_;
  /// Whether an incomplete file stays.
  bool is_kept_;
};

}  // namespace transfer
