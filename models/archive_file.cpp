#include "models/archive_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>

#include "core/hash.h"
#include "core/lower_case.h"
#include "core/open_file.h"

namespace transfer {
namespace {

constexpr std::uint64_t kLargestContents = 256U << 20U;
constexpr std::uint64_t kPiece = 1U << 18U;

/// Behind a read of fewer bytes than there should be.
std::string why_unread() {
  return errno == 0 ? "became shorter while it was read"
                    : fmt::format("cannot be read: {}", std::strerror(errno));
}

[[noreturn]] void throw_unread() {
  if (errno == 0) throw DamagedArchive(why_unread());
  throw UnreadArchive(why_unread());
}

}  // namespace

bool ArchiveRecord::is_tensor() const {
  return !is_deflated && (name.starts_with("data/") || name.starts_with("constants/"));
}

ArchiveFile::ArchiveFile(const std::filesystem::path& file)
    : descriptor_(open_uninterrupted(file, O_RDONLY | O_NONBLOCK)) {
  if (descriptor_ < 0) throw_unread();
  try {
    struct stat status = {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      throw DamagedArchive("is not a regular file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    read_directory();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
  is_compared_.assign(records_.size(), false);
}

ArchiveFile::~ArchiveFile() { ::close(descriptor_); }

bool ArchiveFile::has(const std::string& name) const {
  return std::any_of(records_.begin(), records_.end(),
                     [&name](const ArchiveRecord& record) { return record.name == name; });
}

std::string ArchiveFile::bytes_at(std::uint64_t position, std::uint64_t count) const {
  if (position > size_ || count > size_ - position) {
    throw DamagedArchive("is damaged or truncated: a part of it lies beyond its end");
  }
  std::string bytes(count, '\0');
  if (read_uninterrupted(descriptor_, position, bytes.data(), count) != count) {
    throw_unread();
  }
  return bytes;
}

void ArchiveFile::read_pieces(std::uint64_t begin, std::uint64_t size,
                              const TakePiece& take) const {
  std::string piece(std::min(size, kPiece), '\0');
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t count = std::min(kPiece, size - done);
    if (read_uninterrupted(descriptor_, begin + done, piece.data(), count) != count) {
      throw_unread();
    }
    take(std::string_view(piece).substr(0, count));
    done += count;
  }
}

void ArchiveFile::read_directory() {
  const bool is_long_enough = size_ >= zip::kEndSize;
  const std::string end = is_long_enough ? bytes_at(size_ - zip::kEndSize, zip::kEndSize) : "";
  // With nothing behind it, every reader finds this end and no other.
  if (!is_long_enough || zip::number(end, 0, 4) != zip::kEndMark || zip::number(end, 20, 2) != 0) {
    throw DamagedArchive("is damaged or truncated: it does not end as an archive does");
  }
  zip::Directory directory = zip::directory_of_end(end);
  constexpr std::uint64_t kEnds = zip::kEndSize + zip::kLocatorSize;
  if (size_ >= kEnds + zip::kEnd64Size) {
    const std::string locator = bytes_at(size_ - kEnds, zip::kLocatorSize);
    if (zip::number(locator, 0, 4) == zip::kLocatorMark) {
      const std::string end64 = bytes_at(zip::number(locator, 8, 8), zip::kEnd64Size);
      if (zip::number(end64, 0, 4) != zip::kEnd64Mark) {
        throw DamagedArchive("is damaged: the end of its directory is not where it should be");
      }
      directory = zip::directory_of_end64(end64);
    }
  }
  const std::string entries = bytes_at(directory.begin, directory.size);
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    const zip::Entry entry = zip::entry_at(entries, at);
    add_record(entry);
    at += entry.length;
  }
  std::unordered_set<std::string> names;
  for (const ArchiveRecord& record : records_) {
    // LibTorch finds records whatever the case of their names.
    if (names.insert(lower_case(record.name)).second) continue;
    throw DamagedArchive(fmt::format("is malformed: it has two records named {}", record.name));
  }
}

void ArchiveFile::add_record(const zip::Entry& entry) {
  ArchiveRecord record;
  record.name = entry.name.substr(entry.name.find('/') + 1);  // all of it without a slash
  const std::string header = bytes_at(entry.header, zip::kHeaderSize);
  record.begin =
      entry.header + zip::kHeaderSize + zip::number(header, 26, 2) + zip::number(header, 28, 2);
  const bool is_inside = record.begin <= size_ && entry.stored_size <= size_ - record.begin;
  if (zip::number(header, 0, 4) != zip::kHeaderMark || !is_inside) {
    throw DamagedArchive(
        fmt::format("is damaged: the record {} is not where it should be", record.name));
  }
  record.stored_size = entry.stored_size;
  record.size = entry.size;
  record.crc = entry.crc;
  record.is_deflated = entry.is_deflated;
  record_at_[record.begin] = records_.size();
  records_.push_back(std::move(record));
}

void ArchiveFile::unpack(const ArchiveRecord& record, const TakePiece& take) const {
  if (!record.is_deflated) {
    read_pieces(record.begin, record.size, take);
    return;
  }
  std::string packed;
  std::uint64_t done = 0;
  const auto more = [&]() -> std::string_view {
    const std::uint64_t count = std::min(kPiece, record.stored_size - done);
    packed = bytes_at(record.begin + done, count);
    done += count;
    return packed;
  };
  if (!zip::inflate(record.size, more, take)) {
    throw DamagedArchive(fmt::format("is damaged: its record {} cannot be unpacked", record.name));
  }
}

void ArchiveFile::compare(std::size_t index, std::uint32_t found) const {
  const ArchiveRecord& record = records_[index];
  is_compared_[index] = true;
  if (found == record.crc || !damage_.empty()) return;
  damage_ = fmt::format("is damaged: its record {} has the CRC-32 {:08x}, expected {:08x}",
                        record.name, found, record.crc);
}

void ArchiveFile::throw_any_damage() const {
  if (is_unread_) throw UnreadArchive(damage_);
  if (!damage_.empty()) throw DamagedArchive(damage_);
}

std::string ArchiveFile::contents(const ArchiveRecord& record) const {
  if (record.size > kLargestContents) {
    throw DamagedArchive(
        fmt::format("cannot be used: its record {} holds more than 256 MiB", record.name));
  }
  std::string bytes;
  bytes.reserve(record.size);
  unpack(record, [&bytes](std::string_view piece) { bytes += piece; });
  compare(static_cast<std::size_t>(&record - records_.data()),
          zip::crc32_of(0, bytes.data(), bytes.size()));
  throw_any_damage();
  return bytes;
}

std::size_t ArchiveFile::read(std::uint64_t position, void* bytes,
                              std::size_t count) const noexcept {
  const std::size_t done = read_uninterrupted(descriptor_, position, bytes, count);
  try {
    if (done < count && position <= size_ && count <= size_ - position && damage_.empty()) {
      is_unread_ = errno != 0;
      damage_ = why_unread();
    }
    const auto found = record_at_.find(position);
    if (found == record_at_.end() || done < count) return done;
    const ArchiveRecord& record = records_[found->second];
    if (record.is_tensor() && count == record.size) {
      compare(found->second, zip::crc32_of(0, bytes, count));
    }
  } catch (const std::exception&) {
    return 0;  // no memory for the message; LibTorch fails then
  }
  return done;
}

void ArchiveFile::require_intact(bool without_tensors) const {
  for (std::size_t i = 0; i < records_.size() && damage_.empty(); ++i) {
    if (is_compared_[i] || (without_tensors && records_[i].is_tensor())) continue;
    std::uint32_t crc = 0;
    unpack(records_[i], [&crc](std::string_view piece) {
      crc = zip::crc32_of(crc, piece.data(), piece.size());
    });
    compare(i, crc);
  }
  throw_any_damage();
}

std::string ArchiveFile::sha256() const {
  Sha256 sha;
  read_pieces(0, size_, [&sha](std::string_view piece) { sha.update(piece); });
  return sha.hex();
}

}  // namespace transfer
