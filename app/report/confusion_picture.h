#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace transfer {

/// More classes than this have no picture of their confusion matrix.
inline constexpr std::size_t kMostClassesDrawn = 2000;

/// Draws a confusion matrix, counts[truth][prediction], and writes it as PNG, atomically. Shades
/// are shares of the true class: blue where the prediction is right, red where it is wrong. Numbers
/// and names stand where there is room. `title` is ASCII. Throws OutputError. REQUIRES: at most
/// kMostClassesDrawn classes, and at least one.
void write_confusion_picture(const std::vector<std::vector<std::int64_t>>& counts,
                             const std::vector<std::string>& classes, const std::string& title,
                             const std::filesystem::path& file);

}  // namespace transfer
