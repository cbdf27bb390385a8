#include "app/features/feature_segment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/crc32.h"
#include "core/file_trust.h"
#include "core/write_failure.h"

namespace transfer {
namespace {

constexpr std::int64_t kChecksumBytes = sizeof(std::uint32_t);

bool is_all_zeros(const char* bytes, std::size_t size) {
  return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

std::uint64_t row_offset(std::int64_t row, const RowFormat& format) {
  return static_cast<std::uint64_t>(row * format.bytes());
}

}  // namespace

DamagedFeatures::DamagedFeatures(const std::filesystem::path& file, const std::string& damage)
    : OutputError(
          fmt::format("{}: {}. Start the run again (with --resume where it trains layers), which "
                      "computes these "
                      "features anew; if it happens again, choose another folder with cache.dir.",
                      file.string(), damage)),
      damage_(fmt::format("{}: {}.", file.string(), damage)) {}

FeatureSegment::FeatureSegment(std::filesystem::path file, std::int64_t rows,
                               std::uint32_t keys_crc, RowFormat format)
    : file_(std::move(file)), rows_(rows), keys_crc_(keys_crc), format_(std::move(format)) {}

FeatureSegment::Contents FeatureSegment::open() const {
  Contents contents{OpenFile::for_reading(file_),
                    std::vector<std::uint32_t>(static_cast<std::size_t>(rows_ + 1))};
  const OpenFile& file = contents.file;
  if (const auto reason = why_untrusted(file.descriptor(), file_)) throw DataError(*reason);
  const std::int64_t found = file.facts().st_size;
  const std::int64_t expected = rows_ * format_.bytes() + (rows_ + 1) * kChecksumBytes;
  if (found != expected) {
    throw DamagedFeatures(file_,
                          fmt::format("found {} bytes of features, expected {}", found, expected));
  }
  file.read(row_offset(rows_, format_), contents.checksums.data(),
            contents.checksums.size() * sizeof(std::uint32_t));
  if (contents.checksums.back() != keys_crc_) {
    throw DamagedFeatures(file_, "does not belong to its list of keys, or that is damaged");
  }
  return contents;
}

const FeatureSegment::Contents& FeatureSegment::contents() const {
  const std::lock_guard lock(mutex_);
  if (!contents_) contents_ = std::make_unique<const Contents>(open());
  return *contents_;
}

void FeatureSegment::read(std::int64_t row, char* target) const {
  const auto bytes = static_cast<std::size_t>(format_.bytes());
  try {
    const Contents& stored = contents();
    stored.file.read(row_offset(row, format_), target, bytes);
    if (is_all_zeros(target, bytes)) {
      throw DamagedFeatures(file_, fmt::format("row {} is empty", row));
    }
    if (crc32_of(target, bytes) != stored.checksums[static_cast<std::size_t>(row)]) {
      throw DamagedFeatures(
          file_, fmt::format("row {} is damaged: its checksum is not the one written", row));
    }
  } catch (const DataError& error) {
    // "FILE: REASON." of the reading itself.
    std::string reason = error.what();
    const std::string beginning = file_.string() + ": ";
    if (reason.starts_with(beginning)) reason.erase(0, beginning.size());
    if (reason.ends_with('.')) reason.pop_back();
    throw DamagedFeatures(file_, reason);
  }
}

bool FeatureSegment::remove() const {
  const std::lock_guard lock(mutex_);
  if (contents_ && !is_still_at(contents_->file.descriptor(), file_)) return true;
  std::error_code error;
  std::filesystem::remove(file_, error);
  return !error;
}

FeatureSegmentWriter::FeatureSegmentWriter(const std::filesystem::path& file, std::int64_t rows,
                                           RowFormat format)
    : unfinished_(file),
      file_(OpenFile::for_writing(unfinished_.temporary_path(), file)),
      format_(std::move(format)),
      checksums_(static_cast<std::size_t>(rows)),
      is_stored_(static_cast<std::size_t>(rows)) {
  // A full disk is found now, not after the rows have been computed.
  const auto bytes = static_cast<off_t>(rows * (format_.bytes() + kChecksumBytes));
  int error = 0;
  do {
    error = bytes > 0 ? ::posix_fallocate(file_.descriptor(), 0, bytes) : 0;
  } while (error == EINTR);
  const bool cannot_reserve = error == EOPNOTSUPP || error == EINVAL || error == ENODEV;
  if (error == 0 || cannot_reserve) return;
  throw OutputError(fmt::format(
      "{} The folder is that of cache.dir; a higher cache.memory_mb keeps features in memory.",
      write_failure(file, error).what()));
}

void FeatureSegmentWriter::write(std::int64_t row, const char* bytes) {
  const auto size = static_cast<std::size_t>(format_.bytes());
  const auto position = static_cast<std::size_t>(row);
  is_stored_[position] = is_all_zeros(bytes, size) ? 0 : 1;
  if (is_stored_[position] == 0) return;
  checksums_[position] = crc32_of(bytes, size);
  file_.write(row_offset(row, format_), bytes, size);
}

std::vector<std::int64_t> FeatureSegmentWriter::stored_rows() const {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < is_stored_.size(); ++i) {
    if (is_stored_[i] != 0) rows.push_back(static_cast<std::int64_t>(i));
  }
  return rows;
}

void FeatureSegmentWriter::finish(std::uint32_t keys_crc) {
  const auto rows = stored_rows();
  std::vector<std::uint32_t> checksums;
  std::vector<char> row(static_cast<std::size_t>(format_.bytes()));
  for (const std::int64_t from : rows) {
    const auto to = static_cast<std::int64_t>(checksums.size());
    checksums.push_back(checksums_[static_cast<std::size_t>(from)]);
    if (from == to) continue;
    file_.read(row_offset(from, format_), row.data(), row.size());
    file_.write(row_offset(to, format_), row.data(), row.size());
  }
  checksums.push_back(keys_crc);
  const auto stored = static_cast<std::int64_t>(rows.size());
  const std::uint64_t end = row_offset(stored, format_);
  const std::size_t bytes = checksums.size() * sizeof(std::uint32_t);
  file_.write(end, checksums.data(), bytes);
  if (::ftruncate(file_.descriptor(), static_cast<off_t>(end + bytes)) != 0) {
    throw write_failure(file_.path(), errno);
  }
  unfinished_.commit();
}

}  // namespace transfer
