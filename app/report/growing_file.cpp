#include "app/report/growing_file.h"

#include <fmt/format.h>
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

/// Throws ConfigError where the file of an identity says something else than `expected`, and
/// DataError where it says nothing.
void require_same(const fs::path& file, const GrowingFile::Identity& expected) {
  const auto found = GrowingFile::Identity::parse(read_file(identity_of(file)), nullptr,
                                                  /*allow_exceptions=*/false);
  if (!found.is_object()) {
    throw DataError(fmt::format("{}: is damaged. Leave out --resume to begin anew.",
                                identity_of(file).string()));
  }
  for (const auto& [name, value] : expected.items()) {
    if (found.contains(name) && found[name] == value) continue;
    throw ConfigError(fmt::format(
        "--resume: {} was begun with another {}. Give the same as then, or leave out --resume to "
        "begin anew.",
        part_of(file).string(), name));
  }
}

/// Whether an earlier process has left rows. Throws OutputError where something else has their
/// name.
bool is_begun(const fs::path& file) {
  std::error_code ignored;
  const auto status = fs::symlink_status(part_of(file), ignored);
  if (status.type() == fs::file_type::not_found) return false;
  if (status.type() == fs::file_type::regular && is_file(identity_of(file))) return true;
  throw OutputError(fmt::format(
      "{}: is in the way, and was not left by an earlier command. Remove it, or give another "
      "--output.",
      part_of(file).string()));
}

/// A link's target, so that the link stays.
fs::path followed(const fs::path& file) {
  std::error_code error;
  const fs::path target = fs::is_symlink(file, error) ? fs::canonical(file, error) : file;
  return error ? file : target;
}

}  // namespace

GrowingFile::GrowingFile(fs::path file, FileLock lock, std::uint64_t size, bool is_kept)
    : file_(std::move(file)),
      lock_(std::move(lock)),
      part_(OpenFile::for_writing(part_of(file_), file_)),
      size_(size),
      is_kept_(is_kept) {}

GrowingFile::GrowingFile(GrowingFile&& other) noexcept
    : file_(std::move(other.file_)),
      lock_(other.lock_),
      part_(std::move(other.part_)),
      size_(other.size_),
      is_kept_(std::exchange(other.is_kept_, true)) {}

GrowingFile::~GrowingFile() {
  if (is_kept_) return;
  std::error_code ignored;
  fs::remove(part_of(file_), ignored);
  fs::remove(identity_of(file_), ignored);
}

GrowingFile GrowingFile::begin(const fs::path& given, const Identity& identity, bool kept) {
  require_file_output(given);
  const fs::path file = followed(given);
  FileLock lock = lock_for(file);
  if (is_begun(file)) {
    warn("{} of an earlier command is overwritten. With --resume a command goes on with it.",
         part_of(file).string());
  }
  std::error_code ignored;
  fs::remove(part_of(file), ignored);
  write_file_atomically(identity_of(file), json_text(identity));
  write_file_atomically(part_of(file), "");
  return {file, std::move(lock), 0, kept};
}

GrowingFile GrowingFile::go_on(const fs::path& given, const Identity& identity, RowEnd row_end,
                               const std::function<void(std::string_view row)>& for_row) {
  require_file_output(given);
  const fs::path file = followed(given);
  if (!is_begun(file)) return begin(file, identity);
  FileLock lock = lock_for(file);
  require_same(file, identity);
  const std::uint64_t whole = read_rows(OpenFile::for_reading(part_of(file)), row_end, for_row);
  GrowingFile result(file, std::move(lock), whole, /*is_kept=*/true);
  if (::ftruncate(result.part_.descriptor(), static_cast<off_t>(whole)) != 0) {
    throw write_failure(part_of(file), errno);
  }
  return result;
}

void GrowingFile::append(std::string_view rows) {
  part_.write(size_, rows.data(), rows.size());
  size_ += rows.size();
}

void GrowingFile::commit() {
  if (::fsync(part_.descriptor()) != 0) throw write_failure(file_, errno);
  if (::rename(part_of(file_).c_str(), file_.c_str()) != 0) throw write_failure(file_, errno);
  is_kept_ = true;
  std::error_code ignored;
  fs::remove(identity_of(file_), ignored);
  lock_.give_back();
}

}  // namespace transfer
