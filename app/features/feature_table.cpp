#include "app/features/feature_table.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace transfer {

std::int64_t RowFormat::numbers() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t RowFormat::bytes() const {
  return numbers() * static_cast<std::int64_t>(c10::elementSize(type));
}

FeatureTable::FeatureTable(std::int64_t rows, RowFormat format)
    : rows_(rows), format_(std::move(format)) {}

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

FeatureTable FeatureTable::written_by(FeatureSegmentWriter& writer, std::int64_t rows,
                                      RowFormat format) {
  FeatureTable table(rows, std::move(format));
  table.writer_ = &writer;
  return table;
}

FeatureTable FeatureTable::of_places(std::vector<Place> places, RowFormat format) {
  FeatureTable table(static_cast<std::int64_t>(places.size()), std::move(format));
  table.places_ = std::move(places);
  return table;
}

FeatureTable FeatureTable::of_columns(FeatureTable whole, torch::Tensor columns) {
  FeatureTable table(whole.rows(), RowFormat(columns.numel()));
  table.whole_ = std::make_shared<FeatureTable>(std::move(whole));
  table.columns_ = std::move(columns);
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
  if (writer_ == nullptr) {
    memory_.narrow(0, first, source.size(0)).copy_(source);
    return;
  }
  source = source.to(torch::kCPU).contiguous();
  const auto* bytes = static_cast<const char*>(source.const_data_ptr());
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    writer_->write(first + i, bytes + i * format_.bytes());
  }
}

void FeatureTable::clear_row(std::int64_t row) {
  if (whole_) {
    whole_->clear_row(row);
  } else if (memory_.defined()) {
    memory_.select(0, row).zero_();
  } else {
    places_[static_cast<std::size_t>(row)] = {};
  }
}

torch::Tensor FeatureTable::read(std::int64_t first, std::int64_t count) const {
  if (whole_) return whole_->read(first, count).index_select(1, columns_);
  if (memory_.defined()) return memory_.narrow(0, first, count).to(torch::kFloat32);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return gather(rows);
}

torch::Tensor FeatureTable::gather(const std::vector<std::int64_t>& rows) const {
  if (whole_) return whole_->gather(rows).index_select(1, columns_);
  if (memory_.defined()) return memory_.index_select(0, torch::tensor(rows)).to(torch::kFloat32);
  auto gathered = stored_rows(static_cast<std::int64_t>(rows.size()));
  auto* target = static_cast<char*>(gathered.data_ptr());
  for (const std::int64_t row : rows) {
    const Place& place = places_[static_cast<std::size_t>(row)];
    if (place.segment) place.segment->read(place.row, target);
    target += format_.bytes();
  }
  return gathered.to(torch::kFloat32);
}

}  // namespace transfer
