#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

/// A line through points, with a logarithmic x axis.
struct CurvePlot {
  std::vector<double> x;
  std::vector<double> y;
  std::string x_title;
  std::string y_title;
  /// An x to mark by a vertical line.
  std::optional<double> mark;
};

/// Writes the plot as a PNG file, atomically. Throws OutputError. REQUIRES: x and y are of the same
/// length and not empty, and every x is above 0.
void write_curve(const CurvePlot& plot, const std::filesystem::path& file);

}  // namespace transfer
