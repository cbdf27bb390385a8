#pragma once

#include <filesystem>
#include <string_view>

namespace transfer {

/// Appends to a file that grows while a run goes on. It gets all of a short text at once or none of
/// it. Throws OutputError, which says how the run goes on.
void append_to_file(const std::filesystem::path& file, std::string_view text);

}  // namespace transfer
