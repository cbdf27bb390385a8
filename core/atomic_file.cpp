#include "core/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {
namespace {

[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error) {
  throw OutputError(fmt::format("{}: {}", path.string(), why_not_written(error)));
}

constexpr std::string_view kTemporaryEnding = ".tmp";
constexpr std::size_t kRandomDigits = 16;

/// What to do about an error of open, write, fsync or rename.
const char* remedy_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "Free some space, or choose another folder.";
    case EACCES:
    case EPERM:
    case EROFS: return "Check the permissions, or choose another folder.";
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
      return "Its folder was removed or moved while the program ran, or never existed. Make it "
             "again, or choose another folder.";
    case EFBIG:
      return "The limit on the size of files is too low. Raise it (ulimit -f), or take another "
             "file system.";
    case EMFILE:
    case ENFILE: return "Too many files are open. Raise the limit (ulimit -n).";
    case ENAMETOOLONG: return "Choose a shorter name.";
    case EIO: return "The disk or its connection fails. Check it, or choose another folder.";
    default: return "Free some space and check the permissions, or choose another folder.";
  }
}

void flush_to_disk(const std::filesystem::path& opened, const std::filesystem::path& reported) {
  const int descriptor = ::open(opened.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_write_error(reported, errno);
  const int result = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (result != 0 && error != EINVAL) throw_write_error(reported, error);
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Makes an empty file beside `path` under a unique name. The process id would not do: processes in
/// different containers can share both the folder and their id. Nor would mkstemp, whose files only
/// their owner can read.
std::filesystem::path make_temporary(const std::filesystem::path& path) {
  constexpr int kTries = 100;
  std::random_device random;
  int error = EEXIST;
  for (int i = 0; i < kTries && error == EEXIST; ++i) {
    std::filesystem::path temporary = path;
    temporary += fmt::format(".{:08x}{:08x}{}", random(), random(), kTemporaryEnding);
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::close(descriptor);
      return temporary;
    }
    error = errno;
  }
  throw_write_error(path, error);
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
  flush_to_disk(temporary_, path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_write_error(path_, errno);
  committed_ = true;
  flush_to_disk(folder_of(path_), path_);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view contents) {
  AtomicFile file(path);
  errno = 0;
  std::ofstream stream(file.temporary_path(), std::ios::binary | std::ios::trunc);
  stream.write(contents.data(), static_cast<std::streamsize>(contents.size()));
  stream.close();
  if (!stream) throw_write_error(path, errno != 0 ? errno : EIO);
  file.commit();
}

std::string why_not_written(int error) {
  return fmt::format("cannot be written: {}. {}", std::strerror(error), remedy_of(error));
}

bool is_temporary_file(const std::filesystem::path& path) {
  if (path.extension() != kTemporaryEnding) return false;
  const std::string digits = path.stem().extension().string();  // with its dot
  return digits.size() == kRandomDigits + 1 &&
         digits.find_first_not_of("0123456789abcdef", 1) == std::string::npos;
}

void remove_temporary_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (is_temporary_file(entry.path()) && !entry.is_directory(ignored))
      left.push_back(entry.path());
  }
  for (const auto& file : left) std::filesystem::remove(file, ignored);
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
  errno = 0;
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) {
    throw DataError(fmt::format("{}: cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  const std::streamoff size = stream.tellg();
  std::string contents(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
  stream.seekg(0);
  stream.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (!stream || size < 0) {
    throw DataError(fmt::format("{}: cannot be read to its end.", path.string()));
  }
  return contents;
}

}  // namespace transfer
