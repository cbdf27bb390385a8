#pragma once

#include <filesystem>

#include "configs/config.h"

namespace transfer {

/// Throws OutputError where no run directory may be: at a file, at a folder that the data lie in,
/// since a run would write among the images, and, unless it may be overwritten, at one with
/// content.
void refuse_place(const std::filesystem::path& run, const Config& config);

/// Throws OutputError where the run directory or the folder for TensorBoard could not be made.
void require_places(const std::filesystem::path& run, const Config& config);

}  // namespace transfer
