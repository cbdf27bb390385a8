#include "models/model_path.h"

#include <fmt/format.h>

#include <string>

#include "core/batch_files.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"
#include "core/run_format.h"
#include "core/shell_word.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// What a folder without model.pt is, and what to do.
std::string without_model(const fs::path& folder) {
  const std::string path = shell_word(folder.string());
  if (is_file(folder / run_file::kConfig)) {
    if (is_file(folder / run_file::kSummary)) {
      return "its run is finished, so the file was removed since. Train again: " +
             train_again_command(folder);
    }
    return fmt::format(
        "its run has not written one yet. Wait for it, or go on with a stopped one: transfer "
        "--resume {}",
        path);
  }
  if (is_folder(folder / batch_file::kOwnFolder)) {
    return fmt::format(
        "it is the folder of a batch. Give the run directory of one of its jobs, which {} names.",
        (folder / batch_file::kSummaryTable).string());
  }
  return "Expected the run directory of a finished run, or a model file.";
}

}  // namespace

fs::path model_path(const fs::path& given) {
  // Of a TensorFlow SavedModel, which is a folder, whoever reads the model says what it is.
  if (!is_folder(given) || is_file(given / "saved_model.pb")) return given;
  const fs::path file = given / run_file::kModel;
  if (is_file(file)) return file;
  throw ModelError(fmt::format("{}: the folder holds no {}: {}", given.string(), run_file::kModel,
                               without_model(given)));
}

void require_finished_run(const fs::path& given) {
  const bool is_model_of_run = given.filename() == run_file::kModel && !is_folder(given);
  const fs::path folder = is_model_of_run ? given.parent_path() : given;
  if (!is_file(folder / run_file::kConfig) || is_file(folder / run_file::kSummary)) return;
  throw ConfigError(
      fmt::format("{}: its run is not finished, so its model may still change. Wait for it, or go "
                  "on with a stopped one: transfer --resume {}",
                  given.string(), shell_word(folder.string())));
}

}  // namespace transfer
