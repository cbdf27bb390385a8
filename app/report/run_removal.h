#pragma once

#include <filesystem>

namespace transfer {

/// Removes what a run writes to its folder: its files (run_files.h), the runs that it has joined
/// and the features of its plan. Other files stay, and so does the folder itself.
void remove_run_files(const std::filesystem::path& run);

}  // namespace transfer
