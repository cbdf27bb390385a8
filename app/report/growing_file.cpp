#include "app/report/growing_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

fs::path with_ending(const fs::path& file, std::string_view ending) {
  fs::path path = file;
  path += ending;
  return path;
}

fs::path part_of(const fs::path& file) { return with_ending(file, ".part"); }
fs::path identity_of(const fs::path& file) { return with_ending(file, ".part.json"); }

FileLock lock_for(const fs::path& file) {
  auto lock = FileLock::try_take(with_ending(file, ".part.lock"));
  if (lock) return std::move(*lock);
  throw OutputError(fmt::format(
      "{}: another process is writing it. Wait for it, or give another --output.", file.string()));
}

/// Finds the ends of rows in a text that is read piece by piece.
class RowEnds {
 public:
  explicit RowEnds(RowEnd row_end) : row_end_(row_end) {}

  bool ends_row(char character) {
    if (character == '"' && row_end_ == RowEnd::kUnquotedLineBreak) is_quoted_ = !is_quoted_;
    return character == '\n' && !is_quoted_;
  }

 private:
  RowEnd row_end_;
  bool is_quoted_ = false;
};

/// Calls `for_row` for each whole row. Returns how many bytes they take. A zero byte, which a crash
/// of the machine leaves where data was not written yet, ends them.
std::uint64_t read_rows(const OpenFile& part, RowEnd row_end,
                        const std::function<void(std::string_view row)>& for_row) {
  const auto size = static_cast<std::uint64_t>(part.facts().st_size);
  std::array<char, 1 << 16> piece;
  std::string row;
  std::uint64_t whole = 0;
  RowEnds ends(row_end);
  for (std::uint64_t offset = 0; offset < size;) {
    const auto count = std::min<std::uint64_t>(piece.size(), size - offset);
    part.read(offset, piece.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      if (piece[i] == '\0') return whole;
      row += piece[i];
      if (!ends.ends_row(piece[i])) continue;
      for_row(row);
      whole += row.size();
      row.clear();
    }
    offset += count;
  }
  return whole;
}

/// Throws ConfigError where `found` says something else than `expected`.
void require_same(const fs::path& file, const GrowingFile::Identity& found,
                  const GrowingFile::Identity& expected) {
  for (const auto& [name, value] : expected.items()) {
    if (found.is_object() && found.contains(name) && found[name] == value) continue;
    throw ConfigError(fmt::format(
        "--resume: {} was begun with another {}. Give the same as then, or leave out --resume to "
        "begin anew.",
        part_of(file).string(), name));
  }
}

}  // namespace

GrowingFile::GrowingFile(fs::path file, FileLock lock, OpenFile part, std::uint64_t size)
    : file_(std::move(file)), lock_(std::move(lock)), part_(std::move(part)), size_(size) {}

bool GrowingFile::is_begun(const fs::path& file) {
  return is_file(part_of(file)) && is_file(identity_of(file));
}

GrowingFile GrowingFile::begin(const fs::path& file, const Identity& identity) {
  if (is_folder(file)) {
    throw OutputError(fmt::format("--output {}: is a folder. Give a file.", file.string()));
  }
  FileLock lock = lock_for(file);
  if (is_begun(file)) {
    warn("{} of an earlier command is overwritten. With --resume a command goes on with it.",
         part_of(file).string());
  }
  std::error_code ignored;
  fs::remove(part_of(file), ignored);
  write_file_atomically(identity_of(file), json_text(identity));
  write_file_atomically(part_of(file), "");
  return {file, std::move(lock), OpenFile::for_writing(part_of(file), file), 0};
}

GrowingFile GrowingFile::go_on(const fs::path& file, const Identity& identity, RowEnd row_end,
                               const std::function<void(std::string_view row)>& for_row) {
  if (!is_begun(file)) return begin(file, identity);
  FileLock lock = lock_for(file);
  const std::string text = read_file(identity_of(file));
  require_same(file, Identity::parse(text, nullptr, /*allow_exceptions=*/false), identity);
  const std::uint64_t whole = read_rows(OpenFile::for_reading(part_of(file)), row_end, for_row);
  OpenFile part = OpenFile::for_writing(part_of(file), file);
  if (::ftruncate(part.descriptor(), static_cast<off_t>(whole)) != 0) {
    throw write_failure(part_of(file), errno);
  }
  return {file, std::move(lock), std::move(part), whole};
}

void GrowingFile::append(std::string_view rows) {
  part_.write(size_, rows.data(), rows.size());
  size_ += rows.size();
}

void GrowingFile::commit() {
  if (::fsync(part_.descriptor()) != 0) throw write_failure(file_, errno);
  if (::rename(part_of(file_).c_str(), file_.c_str()) != 0) throw write_failure(file_, errno);
  std::error_code ignored;
  fs::remove(identity_of(file_), ignored);
  lock_.give_back();
}

}  // namespace transfer
