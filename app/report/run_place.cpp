#include "app/report/run_place.h"

#include <fmt/format.h>

#include <string>

#include "app/report/run_directory.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/run_files.h"
#include "core/shell_word.h"

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

/// Whether the data are the folder itself or lie in it.
bool holds_data(const fs::path& folder, const std::string& data) {
  if (data.empty()) return false;
  std::error_code error;
  const auto whole = [&error](const fs::path& path) {
    return (fs::weakly_canonical(fs::absolute(path), error) / "").string();
  };
  const bool holds = whole(data).starts_with(whole(folder));
  return holds && !error;
}

}  // namespace

void refuse_place(const fs::path& run, const Config& config) {
  const FileKind kind = file_kind(run);
  const std::string path = run.string();
  if (kind == FileKind::kRegularFile || kind == FileKind::kOther) {
    throw OutputError(
        fmt::format("{}: is a file, and a run directory is a folder. Choose another name with "
                    "--output.",
                    path));
  }
  if (kind == FileKind::kFolder && holds_data(run, config.data.path)) {
    throw OutputError(
        fmt::format("{}: holds the data ({}), and a run would write among the images. Choose "
                    "another folder with --output.",
                    path, config.data.path));
  }
  if (config.overwrite || !RunDirectory::is_used(run)) return;
  const bool was_stopped = is_file(run / run_file::kConfig) && !is_file(run / run_file::kSummary);
  throw OutputError(fmt::format(
      "{}: exists already. {}Choose another folder with --output, or add --overwrite.", path,
      was_stopped ? fmt::format("Its run was stopped: `transfer --resume {}` resumes it. ",
                                shell_word(path))
                  : ""));
}

void require_places(const fs::path& run, const Config& config) {
  require_writable(run, "run directory", "--output");
  const fs::path events = config.report.tensorboard;
  if (!events.empty()) require_writable(events, "folder for TensorBoard", "--tensorboard");
}

}  // namespace transfer
