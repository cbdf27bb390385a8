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

  /// Begins anew, whatever was there. Throws OutputError.
  static GrowingFile begin(const std::filesystem::path& file, const Identity& identity);

  /// Goes on with FILE.part, or begins anew where there is none. `for_row` is called for each row
  /// that is there, with the line break at its end; a row cut short at the end is removed. Throws
  /// ConfigError where what is there depends on something else, DataError where it cannot be read,
  /// and OutputError.
  static GrowingFile go_on(const std::filesystem::path& file, const Identity& identity,
                           RowEnd row_end,
                           const std::function<void(std::string_view row)>& for_row);

  /// Whether `file`.part is there to go on with.
  static bool is_begun(const std::filesystem::path& file);

  /// Appends whole rows: once it returns they outlive the process. Throws OutputError.
  void append(std::string_view rows);

  /// Flushes the file to disk and gives it its name. Throws OutputError.
  void commit();

 private:
  GrowingFile(std::filesystem::path file, FileLock lock, OpenFile part, std::uint64_t size);

  std::filesystem::path file_;
  FileLock lock_;
  OpenFile part_;
  std::uint64_t size_;
};

}  // namespace transfer
