#pragma once

#include <filesystem>

namespace transfer {

/// The model file at a path that a user gave: `given` itself, or model.pt where `given` is a run
/// directory. Throws ModelError for a folder without model.pt, which says what the folder is and
/// what it lacks. A file is not looked into.
std::filesystem::path model_path(const std::filesystem::path& given);

/// Throws ConfigError where `given` is the directory of a run that is not finished, or its
/// model.pt.
void require_finished_run(const std::filesystem::path& given);

}  // namespace transfer
