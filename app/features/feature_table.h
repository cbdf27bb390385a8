#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "app/features/feature_segment.h"
#include "app/features/row_format.h"

namespace transfer {

/// Features of a list of images, one row per image, in memory or in files. Rows of broken images
/// are zero.
class FeatureTable {
 public:
  /// Zeros in memory.
  static FeatureTable in_memory(std::int64_t rows, RowFormat format);
  /// Rows that are written through `writer`, which must outlive the table; write only.
  static FeatureTable written_by(FeatureSegmentWriter& writer, std::int64_t rows, RowFormat format);
  /// Where a row lies in a file; a row without one is zeros.
  struct Place {
    std::shared_ptr<const FeatureSegment> segment;
    std::int64_t row = 0;
  };
  /// The rows at these places, in that order; read only.
  static FeatureTable of_places(std::vector<Place> places, RowFormat format);
  /// Some columns of `table`, by their positions [n] int64, in that order; read only, copied at
  /// each reading. REQUIRES: its rows are [D].
  static FeatureTable of_columns(FeatureTable table, torch::Tensor columns);

  std::int64_t rows() const { return rows_; }
  /// Numbers in a row.
  std::int64_t dimension() const { return format_.numbers(); }
  const RowFormat& format() const { return format_; }

  /// Stores `features` [n,…] from row `first` on, rounded to float16 where the table is.
  /// Safe from several threads for separate rows. Throws OutputError.
  void write(std::int64_t first, const torch::Tensor& features);

  /// Makes a row zeros. REQUIRES: the table is not written by a writer.
  void clear_row(std::int64_t row);

  /// Rows [first, first + count) as [count,…] float32: a view of float32 in memory, else a copy, so
  /// that a file of any size needs no more memory than the rows asked for. This and the next two
  /// check the rows that they read from files and throw what FeatureSegment::read throws.
  torch::Tensor read(std::int64_t first, std::int64_t count) const;

  /// The same rows in memory.
  FeatureTable copy_in_memory() const;

  /// A copy of the rows named, in that order, as [n,…] float32.
  torch::Tensor gather(const std::vector<std::int64_t>& rows) const;

 private:
  FeatureTable(std::int64_t rows, RowFormat format);
  /// `count` rows of zeros in the stored format.
  torch::Tensor stored_rows(std::int64_t count) const;

  std::int64_t rows_;
  RowFormat format_;
  torch::Tensor memory_;
  FeatureSegmentWriter* writer_ = nullptr;
  std::vector<Place> places_;
  /// Where the rows are columns of those of another table: that table, and which.
  std::shared_ptr<FeatureTable> whole_;
  torch::Tensor columns_;
};

}  // namespace transfer
