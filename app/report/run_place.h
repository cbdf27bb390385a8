#pragma once

#include <filesystem>
#include <string>

#include "configs/config.h"

namespace transfer {

/// Throws ConfigError, naming the flag, where a folder to be written lies in class folders of
/// images, symbolic links followed: what is written there would belong to a class. Other data, such
/// as a CSV file, is not looked for.
void require_outside_images(const std::string& flag, const std::filesystem::path& folder,
                            const std::string& data);

/// Throws OutputError where no run directory may be: at a file, at a folder that the data lie in,
/// since a run would write among the images, and, unless it may be overwritten, at one with
/// content; and ConfigError for one among images of class folders. Not for the default place
/// there, so that `cd DATA; transfer --data .` works.
void refuse_place(const std::filesystem::path& run, const Config& config);

/// Warns where the default place is among images of class folders.
void warn_of_default_place(const std::filesystem::path& run, const Config& config);

/// Throws OutputError where the run directory or the folder for TensorBoard could not be made.
void require_places(const std::filesystem::path& run, const Config& config);

}  // namespace transfer
