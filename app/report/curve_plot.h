#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// A line through points, x on a logarithmic axis.
struct CurvePlot {
  std::vector<double> x;
  std::vector<double> y;
  std::string x_title;
  std::string y_title;
  /// An x to be marked by a vertical line.
  std::optional<double> mark;
};

/// Draws it as PNG, whole or not at all. Throws OutputError. REQUIRES: x and y of one length, not
/// empty, x above 0.
void write_curve(const CurvePlot& plot, const std::filesystem::path& file);

}  // namespace transfer
