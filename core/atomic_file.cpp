#include "core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_entries.h"
#include "core/open_file.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

constexpr std::string_view kTemporaryEnding = ".tmp";
constexpr std::size_t kRandomDigits = 16;

/// Reads as many bytes as the file had at first. Returns 0 or the error (an errno).
int read_all(int descriptor, std::string& contents) {
  struct stat found = {};
  if (::fstat(descriptor, &found) != 0) return errno;
  contents.resize(static_cast<std::size_t>(found.st_size));
  const std::size_t size = contents.size();
  if (read_uninterrupted(descriptor, 0, contents.data(), size) == size) return 0;
  return errno != 0 ? errno : EIO;  // truncated meanwhile
}

/// Flushes a file or folder to the disk. Returns 0 or the error (an errno).
int flush_to_disk(const std::filesystem::path& path) {
  const int descriptor = open_uninterrupted(path, O_RDONLY);
  if (descriptor < 0) return errno;
  int result = 0;
  do {
    result = ::fsync(descriptor);
  } while (result != 0 && errno == EINTR);
  const int error = errno;
  ::close(descriptor);
  return result == 0 || error == EINVAL ? 0 : error;  // EINVAL: nothing to flush there
}

/// Makes an empty file beside `path` under a unique name. The process id would not do: processes in
/// different containers can share both the folder and their id. Nor would mkstemp, whose files only
/// their owner can read. Without any umask everyone could write to the file: that is left out.
std::filesystem::path make_temporary(const std::filesystem::path& path) {
  constexpr int kTries = 100;
  std::random_device random;
  int error = EEXIST;
  for (int i = 0; i < kTries && error == EEXIST; ++i) {
    std::filesystem::path temporary = path;
    temporary += fmt::format(".{:08x}{:08x}{}", random(), random(), kTemporaryEnding);
    const int descriptor = open_uninterrupted(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (descriptor >= 0) {
      ::close(descriptor);
      return temporary;
    }
    error = errno;
  }
  throw write_failure(path, error);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(make_temporary(path_)) {}

AtomicFile::~AtomicFile() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::commit() {
  if (const int error = flush_to_disk(temporary_)) throw write_failure(path_, error);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw write_failure(path_, errno);
  committed_ = true;
  if (const int error = flush_to_disk(folder_of(path_))) throw flush_failure(path_, error);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFile file(path);
  OpenFile::for_writing(file.temporary_path(), path).write(0, contents.data(), contents.size());
  file.commit();
}

bool is_temporary_file(const std::filesystem::path& path) {
  if (path.extension() != kTemporaryEnding) return false;
  const std::string digits = path.stem().extension().string();  // with its dot
  return digits.size() == kRandomDigits + 1 &&
         digits.find_first_not_of("0123456789abcdef", 1) == std::string::npos;
}

void remove_temporary_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : folder_entries(folder, ignored)) {
    const bool is_folder = std::filesystem::is_directory(entry, ignored);
    if (is_temporary_file(entry) && !is_folder) std::filesystem::remove(entry, ignored);
  }
}

std::string read_file(const std::filesystem::path& path) {
  switch (file_kind(path)) {
    case FileKind::kFolder:
      throw DataError(fmt::format("{}: is a folder, expected a file.", path.string()));
    case FileKind::kOther:
      throw DataError(fmt::format("{}: is a device, a pipe or a socket, expected a regular file.",
                                  path.string()));
    default: break;  // opening it below gives the reason
  }
  const int descriptor = open_uninterrupted(path, O_RDONLY);
  if (descriptor < 0) {
    throw DataError(fmt::format("{}: cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  std::string contents;
  const int error = read_all(descriptor, contents);
  ::close(descriptor);
  if (error != 0) {
    throw DataError(
        fmt::format("{}: cannot be read to its end: {}.", path.string(), std::strerror(error)));
  }
  return contents;
}

}  // namespace transfer
