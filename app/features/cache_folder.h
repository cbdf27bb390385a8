#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "configs/config.h"

namespace transfer {

/// Where features are kept: `cache.dir`, or `feature-store` in the folder of the run directories.
std::filesystem::path feature_store_folder(const CacheConfig& cache,
                                           const std::filesystem::path& runs = "runs");

/// What a feature store keeps of one network's layers: the folder of a FeatureArchive.
struct CacheEntry {
  std::filesystem::path folder;
  /// The backbone's name and the layers' key; empty where the entry has no description.
  std::string backbone;
  std::string layers;
  /// One per image and view.
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  /// Days since it was last used.
  double days = 0;
};

/// Writes a description of an archive's folder for people, unless there is one. Throws
/// OutputError.
void describe_archive(const std::filesystem::path& folder, const std::string& backbone,
                      const std::string& layers);

/// The entries of a feature store, most recently used first. Throws DataError if there is no such
/// folder, or if it holds other things and no features.
std::vector<CacheEntry> list_cache(const std::filesystem::path& store);

/// Removes what killed processes left unfinished in all entries that no process is writing to.
void remove_leftovers(const std::filesystem::path& store);

/// Removes an entry with all that killed processes left in it. Returns false, and removes nothing,
/// if a process is writing to it. Processes that read it keep what they have opened.
bool remove_entry(const CacheEntry& entry);

}  // namespace transfer
