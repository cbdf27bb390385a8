#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace transfer {

/// Version of the files that runs and batches write and read: the keys of their JSON, which state
/// it as `format`, and the checkpoints. Format 1 named no version.
inline constexpr int kRunFormat = 2;

/// The command that trains the run in this folder from the start.
std::string train_again_command(const std::filesystem::path& run);

/// "FILE: is of format 1, written by an earlier version of transfer; this version reads format 2.
/// REMEDY" for a file of another format than kRunFormat. `remedy` says what to do in full
/// sentences.
std::string other_format_message(const std::filesystem::path& file, int found,
                                 const std::string& remedy);

/// Throws DataError where the document, read from `file`, is of another format than kRunFormat.
void require_run_format(const nlohmann::json& document, const std::filesystem::path& file,
                        const std::string& remedy);

}  // namespace transfer
