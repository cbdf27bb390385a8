#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/atomic_file.h"

namespace transfer {

/// Shape and type of what is kept of one image.
struct RowFormat {
  /// A row of float32 features.
  RowFormat(std::int64_t dimension) : shape({dimension}) {}
  RowFormat(std::vector<std::int64_t> row_shape, torch::ScalarType row_type)
      : shape(std::move(row_shape)), type(row_type) {}

  std::vector<std::int64_t> shape;
  /// float32 or float16.
  torch::ScalarType type = torch::kFloat32;

  std::int64_t numbers() const;
  std::int64_t bytes() const;
};

/// Features of a list of images, one row per image, in memory or in memory-mapped files. Rows of
/// broken images stay zero. Movable, not copyable.
class FeatureTable {
 public:
  /// Zeros in memory.
  static FeatureTable in_memory(std::int64_t rows, RowFormat format);
  /// A new file that takes its final name in `finish`. Throws OutputError.
  static FeatureTable create_file(const std::filesystem::path& file, std::int64_t rows,
                                  RowFormat format);
  /// A finished file. Throws DataError when its size is not that of `rows` rows.
  static FeatureTable open_file(const std::filesystem::path& file, std::int64_t rows,
                                RowFormat format);
  /// Where a row lies in another table.
  struct Place {
    std::shared_ptr<const FeatureTable> table;
    std::int64_t row = 0;
  };
  /// The rows at these places, in that order; read only.
  static FeatureTable of_places(std::vector<Place> places, RowFormat format);

  ~FeatureTable();
  FeatureTable(FeatureTable&&) noexcept;

  std::int64_t rows() const { return rows_; }
  /// Numbers in a row.
  std::int64_t dimension() const { return format_.numbers(); }
  const RowFormat& format() const { return format_; }

  /// Stores `features` [n,…] from row `first` on, rounded to float16 where the table is.
  /// Safe from several threads for separate rows.
  void write(std::int64_t first, const torch::Tensor& features);

  /// Ends writing: the file gets its final name. Throws OutputError.
  void finish();

  /// Rows [first, first + count) as [count,…] float32: a view of float32 in memory, else a copy, so
  /// that a file of any size needs no more memory than the rows asked for.
  torch::Tensor read(std::int64_t first, std::int64_t count) const;

  /// The same rows in memory.
  FeatureTable copy_in_memory() const;

  /// A copy of the rows named, in that order, as [n,…] float32.
  torch::Tensor gather(const std::vector<std::int64_t>& rows) const;

 private:
  struct Mapping;
  FeatureTable(std::int64_t rows, RowFormat format);
  /// `count` rows of zeros in the stored format.
  torch::Tensor stored_rows(std::int64_t count) const;
  /// Copies a row as it is stored. REQUIRES: in a file.
  void copy_row(std::int64_t row, char* target) const;

  std::int64_t rows_;
  RowFormat format_;
  torch::Tensor memory_;
  std::unique_ptr<AtomicFile> unfinished_;
  std::unique_ptr<Mapping> mapping_;
  std::vector<Place> places_;
};

}  // namespace transfer
