#include "app/features/cache_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "app/features/feature_archive.h"
#include "core/atomic_file.h"
#include "core/batch_files.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/file_lock.h"
#include "core/folder_entries.h"
#include "core/json_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDescription = "about.json";

/// The lock after those of the keys.
constexpr std::int64_t kDescriptionLock = FeatureArchive::kLocks;

/// Removes what a killed process left of it. REQUIRES: its lock.
void remove_unfinished_description(const fs::path& folder) {
  const std::string beginning = std::string(kDescription) + ".";
  std::error_code ignored;
  for (const fs::path& file : folder_entries(folder, ignored)) {
    const bool is_of_description = file.filename().string().starts_with(beginning);
    if (is_of_description && file.extension() == ".tmp") fs::remove(file, ignored);
  }
}

double days_since(fs::file_time_type time) {
  const auto seconds = std::chrono::duration<double>(fs::file_time_type::clock::now() - time);
  return std::max(seconds.count(), 0.0) / (24.0 * 60 * 60);
}

/// An entry's folder lies in the store itself: a link could lead to any other folder.
bool is_entry(const fs::path& folder) {
  std::error_code ignored;
  return !fs::is_symlink(folder, ignored) && is_file(folder / FeatureArchive::kLockFile);
}

/// Throws DataError.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code error;
  auto entries = folder_entries(folder, error);
  if (!error) return entries;
  throw DataError(fmt::format("{}: the folder cannot be read: {}. Check the permissions.",
                              folder.string(), error.message()));
}

CacheEntry read_entry(const fs::path& folder) {
  CacheEntry entry;
  entry.folder = folder;
  std::error_code error;
  for (const fs::path& file : entries_of(folder)) {
    const auto size = static_cast<std::int64_t>(fs::file_size(file, error));
    if (error) continue;
    entry.bytes += size;
    if (file.extension() == ".keys") entry.rows += size / FeatureArchive::kKeyLine;
  }
  const auto used = fs::last_write_time(folder / FeatureArchive::kLockFile, error);
  if (!error) entry.days = days_since(used);
  if (is_file(folder / kDescription)) {
    const auto about = nlohmann::json::parse(read_file(folder / kDescription), nullptr, false);
    if (about.is_object()) {
      entry.backbone = about.value("backbone", "");
      entry.layers = about.value("layers", "");
    }
  }
  return entry;
}

/// Throws DataError for a folder that holds other things than features.
[[noreturn]] void refuse_other_folder(const fs::path& folder) {
  const fs::path inside = folder / batch_file::kFeatureStore;
  throw DataError(fmt::format(
      "{}: is not a feature store: nothing in it was written as one. Expected the folder that "
      "cache.dir names, or {} beside the run directories{}.",
      folder.string(), batch_file::kFeatureStore,
      is_folder(inside) ? ", such as " + inside.string() : ""));
}

}  // namespace

fs::path feature_store_folder(const CacheConfig& cache, const fs::path& runs) {
  return cache.dir.empty() ? runs / batch_file::kFeatureStore : fs::path(cache.dir);
}

void describe_archive(const fs::path& folder, const std::string& backbone,
                      const std::string& layers) {
  if (is_file(folder / kDescription)) return;
  NumberedLocks locks(folder / FeatureArchive::kLockFile);
  if (!locks.try_take(kDescriptionLock)) return;  // another process is writing it
  remove_unfinished_description(folder);
  write_file_atomically(folder / kDescription,
                        json_text({{"backbone", backbone}, {"layers", layers}}));
}

std::vector<CacheEntry> list_cache(const fs::path& store) {
  if (!is_folder(store)) {
    throw DataError(store.string() + ": " + why_absent(store, "folder") +
                    ". Expected a feature store, such as " + feature_store_folder({}).string() +
                    ".");
  }
  std::vector<CacheEntry> entries;
  const auto folders = entries_of(store);
  for (const fs::path& folder : folders) {
    if (is_entry(folder)) entries.push_back(read_entry(folder));
  }
  if (entries.empty() && !folders.empty()) refuse_other_folder(store);
  std::sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) {
    return std::pair(a.days, a.folder) < std::pair(b.days, b.folder);
  });
  return entries;
}

void remove_leftovers(const fs::path& store) {
  std::error_code ignored;
  for (const fs::path& folder : folder_entries(store, ignored)) {
    if (!is_entry(folder)) continue;
    try {
      NumberedLocks locks(folder / FeatureArchive::kLockFile);
      remove_leftovers(folder, locks);
      if (!locks.try_take(kDescriptionLock)) continue;
      if (locks.excludes_others()) remove_unfinished_description(folder);
    } catch (const OutputError&) {
      continue;  // another user's
    }
  }
}

bool remove_entry(const CacheEntry& entry) {
  NumberedLocks locks(entry.folder / FeatureArchive::kLockFile);
  if (!locks.try_take(0, kDescriptionLock + 1)) return false;
  std::error_code error;
  for (const fs::path& file : entries_of(entry.folder)) {
    const std::string ending = file.extension().string();
    const std::string name = file.filename().string();
    if (ending == ".features" || ending == ".keys" || ending == ".tmp" || name == kDescription) {
      fs::remove(file, error);
    }
  }
  fs::remove(entry.folder / FeatureArchive::kLockFile, error);
  fs::remove(entry.folder, error);
  return true;
}

}  // namespace transfer
