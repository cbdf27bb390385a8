#include "app/features/feature_table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/errors.h"

namespace transfer {

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

  float* numbers() const { return static_cast<float*>(address); }

  /// Lets the system take back the pages of the first `bytes` bytes from `offset` on.
  void forget(std::size_t offset, std::size_t bytes) const {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t begin = offset / page * page;
    ::madvise(static_cast<char*>(address) + begin, offset + bytes - begin, MADV_DONTNEED);
  }
};

FeatureTable::FeatureTable(std::int64_t rows, std::int64_t dimension)
    : rows_(rows), dimension_(dimension) {}
FeatureTable::~FeatureTable() = default;
FeatureTable::FeatureTable(FeatureTable&&) noexcept = default;

FeatureTable FeatureTable::in_memory(std::int64_t rows, std::int64_t dimension) {
  FeatureTable table(rows, dimension);
  table.memory_ = torch::zeros({rows, dimension});
  return table;
}

FeatureTable FeatureTable::create_file(const std::filesystem::path& file, std::int64_t rows,
                                       std::int64_t dimension) {
  FeatureTable table(rows, dimension);
  table.unfinished_ = std::make_unique<AtomicFile>(file);
  table.mapping_ = std::make_unique<Mapping>();
  auto& mapping = *table.mapping_;
  mapping.file = table.unfinished_->temporary_path();
  mapping.size = static_cast<std::size_t>(rows * dimension) * sizeof(float);
  const int descriptor = ::open(mapping.file.c_str(), O_RDWR | O_CLOEXEC);
  // Blocks are reserved now: a full disk met through a mapping would end the process.
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
                                     std::int64_t dimension) {
  FeatureTable table(rows, dimension);
  table.mapping_ = std::make_unique<Mapping>();
  table.mapping_->file = file;
  table.mapping_->size = static_cast<std::size_t>(rows * dimension) * sizeof(float);
  std::error_code error;
  const auto found = std::filesystem::file_size(file, error);
  if (error || found != table.mapping_->size) {
    throw DataError(fmt::format("{}: found {} bytes of features, expected {}.", file.string(),
                                error ? 0 : found, table.mapping_->size));
  }
  table.mapping_->map(O_RDONLY, PROT_READ);
  return table;
}

void FeatureTable::write(std::int64_t first, const torch::Tensor& features) {
  if (!mapping_) {
    memory_.narrow(0, first, features.size(0)).copy_(features);
    return;
  }
  const auto source = features.contiguous();
  const auto offset = static_cast<std::size_t>(first * dimension_);
  std::memcpy(mapping_->numbers() + offset, source.data_ptr<float>(), source.nbytes());
}

void FeatureTable::finish() {
  if (!unfinished_) return;
  unfinished_->commit();
  unfinished_.reset();
  if (mapping_->size > 0) mapping_->forget(0, mapping_->size);
}

torch::Tensor FeatureTable::read(std::int64_t first, std::int64_t count) const {
  if (!mapping_) return memory_.narrow(0, first, count);
  auto rows = torch::empty({count, dimension_});
  const auto offset = static_cast<std::size_t>(first * dimension_);
  std::memcpy(rows.data_ptr<float>(), mapping_->numbers() + offset, rows.nbytes());
  mapping_->forget(offset * sizeof(float), rows.nbytes());
  return rows;
}

}  // namespace transfer
