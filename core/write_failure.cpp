#include "core/write_failure.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "core/file_kind.h"

namespace transfer {
namespace {

std::string write_remedy(const std::filesystem::path& path, int error) {
  const auto folder = folder_of(path);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESTALE:
      return fmt::format(
          "The folder {} is missing, or was removed or moved meanwhile. Make it, or choose another "
          "folder.",
          folder.string());
    case ENOSPC:
    case EDQUOT: return "Free some space, or choose another folder.";
    case EFBIG:
      return "Raise the limit on the size of a file (ulimit -f), or choose a folder on another "
             "file system.";
    case EACCES:
    case EPERM:
      return fmt::format("Check the permissions of {}, or choose another folder.", folder.string());
    case EROFS: return "Choose another folder.";
    case EIO:
      return "The disk or the network drive fails: look into the system's log, and choose another "
             "folder.";
    case EMFILE:
    case ENFILE: return "Raise the limit on open files (ulimit -n).";
    case ELOOP: return "A symbolic link is in its place, which is not followed: remove the link.";
    default: return "Check the disk and the permissions, or choose another folder.";
  }
}

}  // namespace

OutputError write_failure(const std::filesystem::path& path, int error) {
  return OutputError(fmt::format("{}: cannot be written: {}. {}", path.string(),
                                 std::strerror(error), write_remedy(path, error)));
}

OutputError flush_failure(const std::filesystem::path& path, int error) {
  return OutputError(fmt::format(
      "{}: is written, but the folder {} cannot be flushed to the disk, so that a power failure "
      "may lose the file: {}. {}",
      path.string(), folder_of(path).string(), std::strerror(error), write_remedy(path, error)));
}

}  // namespace transfer
