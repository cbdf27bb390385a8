#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace transfer {

/// Finds out before the work whether a command can write its model to `output`. Throws ConfigError
/// for a name that does not end in `ending`, and OutputError where the file exists and may not be
/// overwritten, or cannot be written.
void check_model_output(const std::string& output, bool overwrite,
                        const std::string& ending = ".pt");

/// The same paths, where each folder that is no run directory, such as that of a batch, is replaced
/// by the finished runs of single models at or below it, in the order of their paths. Throws
/// ConfigError where there is no finished run.
std::vector<std::string> with_runs_below(const std::vector<std::string>& given);

/// Throws ConfigError where two of the paths lead to the same place.
void refuse_repeated(const std::vector<std::string>& given);

}  // namespace transfer
