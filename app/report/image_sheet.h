#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// An image on a sheet, and what stands below it, in ASCII.
struct SheetImage {
  Sample sample;
  std::string name;
  std::vector<std::string> lines;
  /// Green or red frame; neither says nothing.
  enum class Mark { kNone, kRight, kWrong } mark = Mark::kNone;
};

/// Draws images as the network sees them in rows below a title, with its name and lines under each,
/// and writes that as PNG, atomically. An image that cannot be read is a grey field. `footer` may
/// be empty. A row has at most `most_columns` images. Throws OutputError.
void write_image_sheet(const std::string& title, const std::vector<SheetImage>& images,
                       const std::string& footer, const Preprocessing& preprocessing,
                       const std::filesystem::path& file, int most_columns = 6);

}  // namespace transfer
