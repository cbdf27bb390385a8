#include "app/report/run_place.h"

#include <fmt/format.h>

#include <string>

#include "app/report/run_directory.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/shell_word.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// Throws OutputError where a folder, called `what`, cannot be made or written to.
void require_writable(const fs::path& path, const char* what, const char* flag) {
  const std::string why = why_no_folder(path);
  if (why.empty()) return;
  throw OutputError(fmt::format("{}: the {} cannot be made: {}. Choose another folder with {}.",
                                path.string(), what, why, flag));
}

/// Whether whatever is written to `folder` lies among the images of class folders, whose next
/// reader would take its pictures for images of a class.
bool lies_among_images(const fs::path& folder, const std::string& data) {
  return is_folder(data) && !is_idx_folder(data) && lies_within(folder, data);
}

}  // namespace

void require_outside_images(const std::string& flag, const fs::path& folder,
                            const std::string& data) {
  if (!lies_among_images(folder, data)) return;
  throw ConfigError(
      fmt::format("{} {}: lies in the data ({}), so that what is written there would be read as "
                  "images of a class when the data is read next. Choose a folder outside it.",
                  flag, folder.string(), data));
}

void refuse_place(const fs::path& run, const Config& config) {
  const FileKind kind = file_kind(run);
  const std::string path = run.string();
  if (kind == FileKind::kRegularFile || kind == FileKind::kOther) {
    throw OutputError(
        fmt::format("{}: is a file, and a run directory is a folder. Choose another name with "
                    "--output.",
                    path));
  }
  if (kind == FileKind::kFolder && !config.data.path.empty() &&
      lies_within(config.data.path, run)) {
    throw OutputError(
        fmt::format("{}: holds the data ({}), and a run would write among the images. Choose "
                    "another folder with --output.",
                    path, config.data.path));
  }
  if (!config.out.empty()) require_outside_images("--output", run, config.data.path);
  if (config.overwrite || !RunDirectory::is_used(run)) return;
  const bool was_stopped = is_file(run / run_file::kConfig) && !is_file(run / run_file::kSummary);
  throw OutputError(fmt::format(
      "{}: exists already. {}Choose another folder with --output, or add --overwrite.", path,
      was_stopped ? fmt::format("Its run was stopped: `transfer --resume {}` resumes it. ",
                                shell_word(path))
                  : ""));
}

void warn_of_default_place(const fs::path& run, const Config& config) {
  if (!config.out.empty() || !lies_among_images(run, config.data.path)) return;
  warn(
      "{}: lies in the data ({}), so that its pictures are read as images of a class when the data "
      "is read next. Give --output with a folder outside it.",
      run.string(), config.data.path);
}

void require_places(const fs::path& run, const Config& config) {
  require_writable(run, "run directory", "--output");
  const fs::path events = config.report.tensorboard;
  if (!events.empty()) require_writable(events, "folder for TensorBoard", "--tensorboard");
}

}  // namespace transfer
