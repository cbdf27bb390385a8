#include "app/report/feature_output.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/lower_case.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "rows are written as they lie in memory");

bool ends_in(const fs::path& file, std::string_view ending) {
  return lower_case(file.extension()) == ending;
}

/// FILE.paths.csv beside FILE.npy.
fs::path paths_file(const fs::path& file) {
  fs::path beside = file;
  beside.replace_extension(".paths.csv");
  return beside;
}

/// The beginning of an .npy file (format 1.0, numpy/lib/format.py), always of the same length.
std::string npy_header(std::int64_t rows, std::int64_t columns) {
  constexpr std::size_t kLength = 128;
  constexpr std::size_t kInFront = 10;  // magic string, version, and the length of what follows
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(kLength - kInFront);
  header += '\0';
  header +=
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  header.resize(kLength - 1, ' ');
  return header + "\n";
}

std::string csv_header(std::int64_t columns) {
  std::string header = "path";
  for (std::int64_t i = 0; i < columns; ++i) header += fmt::format(",feature_{}", i);
  return header + "\n";
}

}  // namespace

void FeatureOutput::require_name(const fs::path& file) {
  require_file_output(file);
  if (ends_in(file, ".npy") || ends_in(file, ".csv")) return;
  throw ConfigError(fmt::format(
      "--output {}: expected a name that ends in .npy (for numpy.load) or .csv.", file.string()));
}

FeatureOutput::FeatureOutput(fs::path file, std::int64_t dimension)
    : is_npy_(ends_in(file, ".npy")), dimension_(dimension), table_(file) {
  require_name(file);
  if (is_npy_) {
    paths_.emplace(paths_file(file));
    paths_->append("path\n");
  }
  table_.append(is_npy_ ? npy_header(0, dimension_) : csv_header(dimension_));
}

void FeatureOutput::add(const std::vector<std::string>& paths, const torch::Tensor& rows) {
  const auto numbers = rows.to(torch::kCPU, torch::kFloat32).contiguous();
  const auto* const first = numbers.const_data_ptr<float>();
  rows_ += rows.size(0);
  std::string text;
  if (is_npy_) {
    table_.append({reinterpret_cast<const char*>(first),
                   static_cast<std::size_t>(numbers.numel()) * sizeof(float)});
    for (const std::string& path : paths) text += csv_field(path) + "\n";
    paths_->append(text);
    return;
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    text += csv_field(paths[i]);
    const float* const row = first + static_cast<std::ptrdiff_t>(i) * dimension_;
    for (std::int64_t k = 0; k < dimension_; ++k) text += fmt::format(",{:.9g}", row[k]);
    text += "\n";
  }
  table_.append(text);
}

void FeatureOutput::finish() {
  if (is_npy_) {
    table_.overwrite_beginning(npy_header(rows_, dimension_));
    paths_->commit();
  }
  table_.commit();
}

}  // namespace transfer
