#include "core/file_trust.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> why_untrusted(const struct stat& found, const fs::path& path) {
  const fs::path folder = folder_of(path);
  struct stat above = {};
  if (::stat(folder.c_str(), &above) != 0) {
    return fmt::format("{}: its folder cannot be reached: {}.", path.string(),
                       std::strerror(errno));
  }
  const bool is_of_group = (above.st_mode & S_IWGRP) != 0 && found.st_gid == above.st_gid;
  if (found.st_uid != ::geteuid() && found.st_uid != 0 && found.st_uid != above.st_uid &&
      !is_of_group) {
    return fmt::format(
        "{}: belongs to the user {}, so what it holds is not relied on. Expected this user ({}), "
        "root, the owner of {} ({}) or its group. Remove it, or choose another folder with "
        "cache.dir.",
        path.string(), found.st_uid, ::geteuid(), folder.string(), above.st_uid);
  }
  const bool is_sticky_folder = S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0;
  if ((found.st_mode & S_IWOTH) != 0 && !is_sticky_folder) {
    return fmt::format(
        "{}: everyone may write to it, so what it holds is not relied on. Take that away (chmod "
        "o-w), or choose another folder with cache.dir.",
        path.string());
  }
  return std::nullopt;
}

[[noreturn]] void throw_unreachable(const fs::path& folder) {
  throw OutputError(fmt::format("{}: cannot be reached: {}. Choose another folder with cache.dir.",
                                folder.string(), std::strerror(errno)));
}

}  // namespace

std::error_code make_folder(const fs::path& folder) {
  constexpr mode_t kMode = 0775;
  if (::mkdir(folder.c_str(), kMode) == 0) return {};
  int error = errno;
  if (error == ENOENT && folder.has_parent_path() && folder.parent_path() != folder) {
    if (const auto failure = make_folder(folder.parent_path())) return failure;
    if (::mkdir(folder.c_str(), kMode) == 0) return {};
    error = errno;
  }
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return {};
  return {error == EEXIST ? ENOTDIR : error, std::generic_category()};
}

std::optional<std::string> why_untrusted(int descriptor, const fs::path& file) {
  struct stat found = {};
  if (::fstat(descriptor, &found) != 0) {
    return fmt::format("{}: cannot be reached: {}.", file.string(), std::strerror(errno));
  }
  return why_untrusted(found, file);
}

void require_trusted_folder(const fs::path& folder) {
  struct stat found = {};
  if (::lstat(folder.c_str(), &found) != 0) throw_unreachable(folder);
  if (S_ISLNK(found.st_mode)) {
    throw OutputError(fmt::format("{}: is a symbolic link, which is not followed here. Remove it.",
                                  folder.string()));
  }
  if (const auto reason = why_untrusted(found, folder)) throw OutputError(*reason);
}

std::optional<std::uint32_t> foreign_owner(const fs::path& folder) {
  struct stat found = {};
  if (::stat(folder.c_str(), &found) != 0) return std::nullopt;
  if (found.st_uid == ::geteuid() || found.st_uid == 0) return std::nullopt;
  return found.st_uid;
}

void require_guarded_folder(const fs::path& folder) {
  struct stat found = {};
  if (::stat(folder.c_str(), &found) != 0) throw_unreachable(folder);
  if ((found.st_mode & S_IWOTH) == 0 || (found.st_mode & S_ISVTX) != 0) return;
  throw OutputError(
      fmt::format("{}: everyone may replace what is in it, so no features from there are relied "
                  "on. Take that away (chmod o-w), or choose another folder with cache.dir.",
                  folder.string()));
}

}  // namespace transfer
