#include "app/features/feature_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <numeric>

#include "core/errors.h"

namespace transfer {

std::int64_t RowFormat::numbers() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t RowFormat::bytes() const {
  return numbers() * static_cast<std::int64_t>(c10::elementSize(type));
}

/// A file of numbers mapped into memory; unmapped and closed by the destructor.
struct FeatureTable::Mapping {
  std::filesystem::path file;
  int descriptor = -1;
  void* address = MAP_FAILED;
  std::size_t size = 0;

  ~Mapping() {
    if (address != MAP_FAILED) ::munmap(address, size);
    if (descriptor >= 0) ::close(descriptor);
  }

  [[noreturn]] void fail(const char* what) const {
    throw OutputError(
        fmt::format("{}: {} failed: {}. Choose another folder with cache.dir, or "
                    "raise cache.memory_mb.",
                    file.string(), what, std::strerror(errno)));
  }

  void map(int flags, int protection) {
    descriptor = ::open(file.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) fail("opening the feature file");
    if (size == 0) return;
    address = ::mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED) fail("mapping the feature file");
  }

  char* begin() const { return static_cast<char*>(address); }

  /// Lets the system take back the pages of the first `bytes` bytes from `offset` on.
  void forget(std::size_t offset, std::size_t bytes) const {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t first = offset / page * page;
    ::madvise(this->begin() + first, offset + bytes - first, MADV_DONTNEED);
  }
};

FeatureTable::FeatureTable(std::int64_t rows, RowFormat format)
    : rows_(rows), format_(std::move(format)) {}
FeatureTable::~FeatureTable() = default;
FeatureTable::FeatureTable(FeatureTable&&) noexcept = default;

torch::Tensor FeatureTable::stored_rows(std::int64_t count) const {
  std::vector<std::int64_t> shape = {count};
  shape.insert(shape.end(), format_.shape.begin(), format_.shape.end());
  return torch::zeros(shape, format_.type);
}

FeatureTable FeatureTable::in_memory(std::int64_t rows, RowFormat format) {
  FeatureTable table(rows, std::move(format));
  table.memory_ = table.stored_rows(rows);
  return table;
}

FeatureTable FeatureTable::create_file(const std::filesystem::path& file, std::int64_t rows,
                                       RowFormat format) {
  FeatureTable table(rows, std::move(format));
  table.unfinished_ = std::make_unique<AtomicFile>(file);
  table.mapping_ = std::make_unique<Mapping>();
  auto& mapping = *table.mapping_;
  mapping.file = table.unfinished_->temporary_path();
  mapping.size = static_cast<std::size_t>(rows * table.format_.bytes());
  const int descriptor = ::open(mapping.file.c_str(), O_RDWR | O_CLOEXEC);
  // Reserve the blocks now: a full disk would otherwise kill the process at a write to the mapping.
  const int error =
      descriptor < 0 ? errno : ::posix_fallocate(descriptor, 0, static_cast<off_t>(mapping.size));
  if (descriptor >= 0) ::close(descriptor);
  if (error != 0) {
    errno = error;
    mapping.fail("reserving room for features");
  }
  mapping.map(O_RDWR, PROT_READ | PROT_WRITE);
  return table;
}

FeatureTable FeatureTable::open_file(const std::filesystem::path& file, std::int64_t rows,
                                     RowFormat format) {
  FeatureTable table(rows, std::move(format));
  table.mapping_ = std::make_unique<Mapping>();
  table.mapping_->file = file;
  table.mapping_->size = static_cast<std::size_t>(rows * table.format_.bytes());
  std::error_code error;
  const auto found = std::filesystem::file_size(file, error);
  if (error || found != table.mapping_->size) {
    throw DataError(fmt::format("{}: found {} bytes of features, expected {}.", file.string(),
                                error ? 0 : found, table.mapping_->size));
  }
  table.mapping_->map(O_RDONLY, PROT_READ);
  return table;
}

FeatureTable FeatureTable::of_places(std::vector<Place> places, RowFormat format) {
  FeatureTable table(static_cast<std::int64_t>(places.size()), std::move(format));
  table.places_ = std::move(places);
  return table;
}

FeatureTable FeatureTable::copy_in_memory() const {
  constexpr std::int64_t kBytes = std::int64_t{1} << 24;
  const std::int64_t chunk = std::max<std::int64_t>(kBytes / format_.bytes(), 1);
  FeatureTable copy = in_memory(rows_, format_);
  for (std::int64_t first = 0; first < rows_; first += chunk) {
    copy.write(first, read(first, std::min(chunk, rows_ - first)));
  }
  return copy;
}

void FeatureTable::write(std::int64_t first, const torch::Tensor& features) {
  auto source = features;
  if (format_.type == torch::kFloat16) {
    constexpr double kLargest = 65504;
    source = features.clamp(-kLargest, kLargest).to(torch::kFloat16);
  }
  if (!mapping_) {
    memory_.narrow(0, first, source.size(0)).copy_(source);
    return;
  }
  source = source.to(torch::kCPU).contiguous();
  std::memcpy(mapping_->begin() + first * format_.bytes(), source.data_ptr(), source.nbytes());
}

void FeatureTable::finish() {
  if (!unfinished_) return;
  unfinished_->commit();
  unfinished_.reset();
  if (mapping_->size > 0) mapping_->forget(0, mapping_->size);
}

void FeatureTable::copy_row(std::int64_t row, char* target) const {
  const auto bytes = static_cast<std::size_t>(format_.bytes());
  const std::size_t offset = static_cast<std::size_t>(row) * bytes;
  std::memcpy(target, mapping_->begin() + offset, bytes);
  mapping_->forget(offset, bytes);
}

torch::Tensor FeatureTable::read(std::int64_t first, std::int64_t count) const {
  if (memory_.defined()) return memory_.narrow(0, first, count).to(torch::kFloat32);
  if (mapping_ == nullptr) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), first);
    return gather(rows);
  }
  auto rows = stored_rows(count);
  const auto offset = static_cast<std::size_t>(first * format_.bytes());
  std::memcpy(rows.data_ptr(), mapping_->begin() + offset, rows.nbytes());
  mapping_->forget(offset, rows.nbytes());
  return rows.to(torch::kFloat32);
}

torch::Tensor FeatureTable::gather(const std::vector<std::int64_t>& rows) const {
  if (memory_.defined()) return memory_.index_select(0, torch::tensor(rows)).to(torch::kFloat32);
  auto gathered = stored_rows(static_cast<std::int64_t>(rows.size()));
  auto* target = static_cast<char*>(gathered.data_ptr());
  for (const std::int64_t row : rows) {
    if (mapping_) {
      copy_row(row, target);
    } else {
      const Place& place = places_[static_cast<std::size_t>(row)];
      place.table->copy_row(place.row, target);
    }
    target += format_.bytes();
  }
  return gathered.to(torch::kFloat32);
}

}  // namespace transfer
