#include "app/batch/slurm/exit_file.h"

#include <sstream>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {

std::optional<ExitFile> read_exit_file(const std::filesystem::path& file) {
  if (!is_file(file)) return std::nullopt;
  std::string text;
  try {
    text = read_file(file);
  } catch (const DataError&) {
    return std::nullopt;  // a restarted task has just removed it
  }
  std::istringstream words(text);
  ExitFile exit;
  if (!(words >> exit.array >> exit.status >> exit.state)) return std::nullopt;
  return exit;
}

}  // namespace transfer
