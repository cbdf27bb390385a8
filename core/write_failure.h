#pragma once

#include <filesystem>
#include <string>

#include "core/errors.h"

namespace transfer {

/// The error of a file or folder that cannot be written: its path, the system's reason for `error`
/// (an errno) and what to do about this reason.
OutputError write_failure(const std::filesystem::path& path, int error);

/// The error of a file that is whole under its name, in a folder that cannot be flushed to the
/// disk.
OutputError flush_failure(const std::filesystem::path& path, int error);

}  // namespace transfer
