#include "app/features/feature_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/messages.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

std::int64_t lock_of(const std::string& key) { return std::stoll(key.substr(0, 2), nullptr, 16); }

/// Rows to compute before they are written: many at first, few at the end, so that processes that
/// share the work finish at about the same time.
std::size_t portion_size(std::size_t missing) {
  constexpr std::size_t kLeast = 64;
  constexpr std::size_t kMost = 4096;
  constexpr std::size_t kPart = 8;
  return std::clamp(missing / kPart, kLeast, kMost);
}

fs::path made(fs::path folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return folder;
  throw OutputError(
      fmt::format("{}: the feature store cannot be made: {}. Choose another folder with cache.dir, "
                  "or raise cache.memory_mb.",
                  folder.string(), error.message()));
}

/// Locks that are released when the portion is done or fails.
class HeldLocks {
 public:
  explicit HeldLocks(NumberedLocks& locks) : locks_(locks) {}
  ~HeldLocks() {
    for (const std::int64_t number : held_) locks_.give_back(number);
  }
  HeldLocks(const HeldLocks&) = delete;
  HeldLocks& operator=(const HeldLocks&) = delete;

  bool try_take(std::int64_t number) {
    if (!locks_.try_take(number)) return false;
    held_.push_back(number);
    return true;
  }

 private:
  NumberedLocks& locks_;
  std::vector<std::int64_t> held_;
};

/// The temporary file of the folder's description is not under the locks of the keys.
bool is_unfinished_segment(const fs::path& file) {
  const std::string name = file.filename().string();
  const bool is_of_segment =
      name.find(".features.") != std::string::npos || name.find(".keys.") != std::string::npos;
  return is_of_segment && file.extension() == ".tmp";
}

/// The keys of a segment; empty if the file is truncated.
std::vector<std::string> read_keys(const fs::path& file) {
  const std::string text = read_file(file);
  std::vector<std::string> keys;
  constexpr auto kLine = static_cast<std::size_t>(FeatureArchive::kKeyLine);
  if (text.size() % kLine != 0) return keys;
  for (std::size_t i = 0; i < text.size(); i += kLine) {
    keys.push_back(text.substr(i, static_cast<std::size_t>(FeatureArchive::kKeyDigits)));
  }
  return keys;
}

}  // namespace

FeatureArchive::FeatureArchive(fs::path folder, RowFormat format)
    : folder_(made(std::move(folder))), format_(std::move(format)), locks_(folder_ / kLockFile) {
  ::utimensat(AT_FDCWD, (folder_ / kLockFile).c_str(), nullptr, 0);
  refresh();
}

void FeatureArchive::refresh() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".features") continue;
    if (!known_segments_.insert(entry.path().filename().string()).second) continue;
    read_segment(entry.path());
  }
}

void FeatureArchive::read_segment(const fs::path& features) {
  fs::path keys_file = features;
  keys_file.replace_extension(".keys");
  try {
    const auto keys = read_keys(keys_file);
    auto table = std::make_shared<const FeatureTable>(
        FeatureTable::open_file(features, static_cast<std::int64_t>(keys.size()), format_));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      places_[keys[i]] = {table, static_cast<std::int64_t>(i)};
    }
  } catch (const Error& error) {
    // Damaged, or pruned at this moment.
    warn("{} Its features are computed again.", error.what());
    std::error_code ignored;
    fs::remove(features, ignored);
    known_segments_.erase(features.filename().string());
  }
}

std::vector<std::int64_t> FeatureArchive::missing_positions(
    const std::vector<std::string>& keys) const {
  std::vector<std::int64_t> missing;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!places_.contains(keys[i])) missing.push_back(static_cast<std::int64_t>(i));
  }
  return missing;
}

std::int64_t FeatureArchive::missing(const std::vector<std::string>& keys) const {
  return static_cast<std::int64_t>(missing_positions(keys).size());
}

void FeatureArchive::remove_leftovers() {
  if (!locks_.try_take(0, kLocks)) return;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (is_unfinished_segment(entry.path())) fs::remove(entry.path(), ignored);
  }
  locks_.give_back(0, kLocks);
}

void FeatureArchive::write_segment(const std::vector<std::string>& keys,
                                   const std::vector<std::int64_t>& positions,
                                   const Compute& compute) {
  std::string lines;
  for (const std::int64_t position : positions) {
    lines += keys[static_cast<std::size_t>(position)] + "\n";
  }
  const fs::path base = made(folder_) / sha256_hex(lines).substr(0, 32);
  auto table = FeatureTable::create_file(base.string() + ".features",
                                         static_cast<std::int64_t>(positions.size()), format_);
  compute(positions, table);
  write_file_atomically(base.string() + ".keys", lines);
  table.finish();
}

bool FeatureArchive::compute_portion(const std::vector<std::string>& keys,
                                     const std::vector<std::int64_t>& missing,
                                     const Compute& compute) {
  std::map<std::int64_t, std::vector<std::int64_t>> by_lock;
  for (const std::int64_t position : missing) {
    by_lock[lock_of(keys[static_cast<std::size_t>(position)])].push_back(position);
  }
  HeldLocks held(locks_);
  std::vector<std::int64_t> portion;
  for (const auto& [number, positions] : by_lock) {
    if (portion.size() >= portion_size(missing.size())) break;
    if (!held.try_take(number)) continue;
    portion.insert(portion.end(), positions.begin(), positions.end());
  }
  if (portion.empty()) return false;
  refresh();  // the previous holder of the lock may have written them
  std::erase_if(portion, [&](std::int64_t position) {
    return places_.contains(keys[static_cast<std::size_t>(position)]);
  });
  std::sort(portion.begin(), portion.end());
  if (!portion.empty()) write_segment(keys, portion, compute);
  refresh();
  return true;
}

FeatureTable FeatureArchive::rows(const std::vector<std::string>& keys, const Compute& compute,
                                  const std::function<void()>& waits) {
  auto missing = missing_positions(keys);
  if (!missing.empty()) remove_leftovers();
  bool has_told = false;
  while (!missing.empty()) {
    throw_if_stopped();
    if (!compute_portion(keys, missing, compute)) {
      if (!has_told) waits();
      has_told = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      refresh();
    }
    missing = missing_positions(keys);
  }
  std::vector<FeatureTable::Place> places;
  places.reserve(keys.size());
  for (const std::string& key : keys) places.push_back(places_.at(key));
  return FeatureTable::of_places(std::move(places), format_);
}

}  // namespace transfer
