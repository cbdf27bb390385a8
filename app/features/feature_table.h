#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/atomic_file.h"

namespace transfer {

/// Features of a list of pictures: `rows` × `dimension` float32 numbers, in memory or in a
/// memory-mapped file. Rows of broken pictures stay zero. Movable, not copyable.
class FeatureTable {
 public:
  /// Zeros in memory.
  static FeatureTable in_memory(std::int64_t rows, std::int64_t dimension);
  /// A new file that takes its final name in `finish`. Throws OutputError.
  static FeatureTable create_file(const std::filesystem::path& file, std::int64_t rows,
                                  std::int64_t dimension);
  /// A finished file. Throws DataError when it does not hold `rows` × `dimension` numbers.
  static FeatureTable open_file(const std::filesystem::path& file, std::int64_t rows,
                                std::int64_t dimension);

  ~FeatureTable();
  FeatureTable(FeatureTable&&) noexcept;

  std::int64_t rows() const { return rows_; }
  std::int64_t dimension() const { return dimension_; }

  /// Stores `features` [n,D] from row `first` on. Safe from several threads for separate rows.
  void write(std::int64_t first, const torch::Tensor& features);

  /// Ends writing: a file is flushed and gets its final name. Throws OutputError.
  void finish();

  /// Rows [first, first + count) as [count,D]: a view in memory, a copy from a file, so that a
  /// file of any size needs no more memory than the rows asked for.
  torch::Tensor read(std::int64_t first, std::int64_t count) const;

 private:
  struct Mapping;
  FeatureTable(std::int64_t rows, std::int64_t dimension);

  std::int64_t rows_;
  std::int64_t dimension_;
  torch::Tensor memory_;
  std::unique_ptr<AtomicFile> unfinished_;
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace transfer
