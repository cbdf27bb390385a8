#include "app/features/feature_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/crc32.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/file_trust.h"
#include "core/folder_entries.h"
#include "core/hash.h"
#include "core/messages.h"
#include "core/open_file.h"

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

/// Makes the archive's folder, or checks that what is in it can be relied on.
fs::path made(fs::path folder) {
  if (const std::error_code error = make_folder(folder)) {
    throw OutputError(fmt::format(
        "{}: the feature store cannot be made: {}. Choose another folder with cache.dir, "
        "or raise cache.memory_mb.",
        folder.string(), error.message()));
  }
  if (folder.has_parent_path()) require_guarded_folder(folder.parent_path());
  require_trusted_folder(folder);
  return folder;
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

/// A writer names the keys before the rows.
bool are_keys_without_rows(const fs::path& file) {
  if (file.extension() != ".keys") return false;
  fs::path features = file;
  return !is_file(features.replace_extension(".features"));
}

/// The text of a list of keys. Throws DataError.
std::string read_keys(const fs::path& file) {
  const OpenFile keys = OpenFile::for_reading(file);
  if (const auto reason = why_untrusted(keys.descriptor(), file)) throw DataError(*reason);
  std::string text(static_cast<std::size_t>(keys.facts().st_size), '\0');
  if (text.empty() || text.size() % FeatureArchive::kKeyLine != 0) {
    throw DataError(fmt::format("{}: is {}.", file.string(), text.empty() ? "empty" : "truncated"));
  }
  keys.read(0, text.data(), text.size());
  return text;
}

std::string key_at(const std::string& text, std::int64_t row) {
  return text.substr(static_cast<std::size_t>(row * FeatureArchive::kKeyLine),
                     static_cast<std::size_t>(FeatureArchive::kKeyDigits));
}

}  // namespace

FeatureArchive::FeatureArchive(fs::path folder, RowFormat format)
    : folder_(made(std::move(folder))), format_(std::move(format)), locks_(folder_ / kLockFile) {
  locks_.touch();
  refresh();
}

void FeatureArchive::refresh() {
  std::error_code ignored;  // what is not found is computed
  for (const fs::path& file : folder_entries(folder_, ignored)) {
    if (file.extension() != ".features") continue;
    if (!known_segments_.insert(file.filename().string()).second) continue;
    read_segment(file);
  }
}

void FeatureArchive::read_segment(const fs::path& features) {
  fs::path keys_file = features;
  keys_file.replace_extension(".keys");
  try {
    const std::string text = read_keys(keys_file);
    const auto rows = static_cast<std::int64_t>(text.size()) / kKeyLine;
    const auto segment = std::make_shared<const FeatureSegment>(
        features, rows, crc32_of(text.data(), text.size()), format_);
    for (std::int64_t row = 0; row < rows; ++row) {
      StoredRow& stored = rows_[key_at(text, row)];
      if (!stored.is_checked) stored.place = {segment, row};
    }
  } catch (const DataError& error) {
    if (file_kind(features) == FileKind::kNothing) return;  // pruned at this moment
    warn("{} Its features are computed again.", error.what());
    std::error_code failure;
    if (fs::remove(features, failure)) known_segments_.erase(features.filename().string());
  }
}

void FeatureArchive::check(const std::vector<std::string>& keys) {
  std::vector<char> row(static_cast<std::size_t>(format_.bytes()));
  for (const std::string& key : keys) {
    const auto found = rows_.find(key);
    if (found == rows_.end() || found->second.is_checked) continue;
    throw_if_stopped();
    const FeatureTable::Place place = found->second.place;
    try {
      place.segment->read(place.row, row.data());
      found->second.is_checked = true;
    } catch (const DamagedFeatures& error) {
      give_up(place.segment, error.damage());
    }
  }
}

void FeatureArchive::give_up(const std::shared_ptr<const FeatureSegment>& segment,
                             const std::string& damage) {
  const std::string name = segment->file().filename().string();
  if (file_kind(segment->file()) != FileKind::kNothing) {  // else it was pruned
    if (own_segments_.contains(name)) {
      throw OutputError(
          fmt::format("{} This run has just written it: the disk does not keep what is written, or "
                      "something else changes it. Choose another folder with cache.dir.",
                      damage));
    }
    warn("{} The features in it are computed again.", damage);
  }
  if (segment->remove()) known_segments_.erase(name);
  std::erase_if(rows_, [&](const auto& row) { return row.second.place.segment == segment; });
}

std::vector<std::int64_t> FeatureArchive::missing_positions(const std::vector<std::string>& keys) {
  check(keys);
  std::vector<std::int64_t> missing;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].empty() || rows_.contains(keys[i]) || left_out_.contains(keys[i])) continue;
    missing.push_back(static_cast<std::int64_t>(i));
  }
  return missing;
}

std::int64_t FeatureArchive::missing(const std::vector<std::string>& keys) {
  return static_cast<std::int64_t>(missing_positions(keys).size());
}

void remove_leftovers(const fs::path& folder, NumberedLocks& locks) {
  if (!locks.try_take(0, FeatureArchive::kLocks)) return;
  std::error_code ignored;
  if (locks.excludes_others()) {
    for (const fs::path& file : folder_entries(folder, ignored)) {
      if (is_unfinished_segment(file) || are_keys_without_rows(file)) fs::remove(file, ignored);
    }
  }
  locks.give_back(0, FeatureArchive::kLocks);
}

void FeatureArchive::write_segment(const std::vector<std::string>& keys,
                                   const std::vector<std::int64_t>& positions,
                                   const Compute& compute) {
  std::string all_keys;
  for (const std::int64_t position : positions) {
    all_keys += keys[static_cast<std::size_t>(position)] + "\n";
  }
  const std::string name = sha256_hex(all_keys).substr(0, 32) + ".features";
  const auto count = static_cast<std::int64_t>(positions.size());
  FeatureSegmentWriter writer(folder_ / name, count, format_);
  auto table = FeatureTable::written_by(writer, count, format_);
  compute(positions, table);
  const auto stored = writer.stored_rows();
  std::string lines;
  for (const std::int64_t row : stored) lines += key_at(all_keys, row) + "\n";
  if (!lines.empty()) {
    fs::path keys_file = folder_ / name;
    write_file_atomically(keys_file.replace_extension(".keys"), lines);
    writer.finish(crc32_of(lines.data(), lines.size()));
    own_segments_.insert(name);
    known_segments_.erase(name);
    refresh();
  }
  for (std::int64_t row = 0; row < count; ++row) {
    const std::string key = key_at(all_keys, row);
    if (!std::binary_search(stored.begin(), stored.end(), row)) {
      left_out_.insert(key);
    } else if (!rows_.contains(key)) {
      throw OutputError(
          fmt::format("{}: cannot be read again after it was written. Choose another folder with "
                      "cache.dir.",
                      (folder_ / name).string()));
    }
  }
}

void FeatureArchive::reach_folder() {
  made(folder_);
  locks_.follow_file();
}

bool FeatureArchive::compute_portion(const std::vector<std::string>& keys,
                                     const std::vector<std::int64_t>& missing,
                                     const Compute& compute) {
  std::map<std::int64_t, std::vector<std::int64_t>> by_lock;
  for (const std::int64_t position : missing) {
    by_lock[lock_of(keys[static_cast<std::size_t>(position)])].push_back(position);
  }
  reach_folder();
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
    return rows_.contains(keys[static_cast<std::size_t>(position)]);
  });
  std::sort(portion.begin(), portion.end());
  if (portion.empty()) return true;
  try {
    write_segment(keys, portion, compute);
  } catch (const OutputError&) {
    if (is_folder(folder_) || was_removed_) throw;
    was_removed_ = true;
    warn("{}: was removed meanwhile. What was computed for it is computed again.",
         folder_.string());
  }
  return true;
}

FeatureTable FeatureArchive::rows(const std::vector<std::string>& keys, const Compute& compute,
                                  const std::function<void()>& waits) {
  reach_folder();
  remove_leftovers(folder_, locks_);
  auto missing = missing_positions(keys);
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
  for (const std::string& key : keys) {
    const auto found = rows_.find(key);
    places.push_back(found == rows_.end() ? FeatureTable::Place{} : found->second.place);
  }
  return FeatureTable::of_places(std::move(places), format_);
}

}  // namespace transfer
