#include "core/run_format.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "core/run_files.h"
#include "core/shell_word.h"

namespace transfer {

std::string train_again_command(const std::filesystem::path& run) {
  return fmt::format("transfer --config {} --output {} --overwrite",
                     shell_word((run / run_file::kConfig).string()), shell_word(run.string()));
}

std::string other_format_message(const std::filesystem::path& file, int found,
                                 const std::string& remedy) {
  return fmt::format(
      "{}: is of format {}, written by {} version of transfer; this version reads "
      "format {}. {}",
      file.string(), found, found < kRunFormat ? "an earlier" : "a later", kRunFormat, remedy);
}

void require_run_format(const nlohmann::json& document, const std::filesystem::path& file,
                        const std::string& remedy) {
  const int found = document.value("format", 1);
  if (found != kRunFormat) throw DataError(other_format_message(file, found, remedy));
}

}  // namespace transfer
