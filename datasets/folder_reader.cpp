#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/lower_case.h"
#include "datasets/dataset.h"
#include "datasets/formats/image_formats.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// The entries of a folder, sorted by name.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  } catch (const fs::filesystem_error& error) {
    throw DataError(fmt::format("{}: the folder cannot be read: {}. Check the permissions.",
                                folder.string(), error.code().message()));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_hidden(const fs::path& entry) { return entry.filename().string().starts_with("."); }

/// What tools leave behind: nobody misses it, so it is not worth a word.
bool is_litter(const fs::path& entry) {
  static constexpr std::string_view kNames[] = {
      ".cache", ".git",        ".hg",     ".ipynb_checkpoints", ".svn", ".dvc",
      ".idea",  ".thumbnails", ".vscode", "__pycache__"};
  const std::string name = entry.filename().string();
  // Apple's companions of files and its litter, and bins of file managers.
  if (name.starts_with("._") || name.starts_with(".Trash") || name.starts_with(".nfs")) return true;
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// Whether there is an image somewhere below a folder.
bool holds_images(const fs::path& folder) {
  std::error_code ignored;
  for (fs::recursive_directory_iterator entry(folder, ignored), end; entry != end;
       entry.increment(ignored)) {
    throw_if_stopped();
    if (has_image_ending(entry->path())) return true;
  }
  return false;
}

bool leads_nowhere(const fs::path& entry) {
  std::error_code ignored;
  return fs::is_symlink(fs::symlink_status(entry, ignored)) &&
         file_kind(entry) == FileKind::kNothing;
}

/// Collects the files below one folder. A folder is read once, however many links lead to it, and
/// the folders above the first are not read at all: a link such as `self -> .` would never end.
class FileWalk {
 public:
  explicit FileWalk(const fs::path& root) {
    std::error_code ignored;
    for (fs::path above = fs::canonical(root, ignored); above.has_relative_path();) {
      above = above.parent_path();
      visited_.insert(above);
    }
    collect(root);
  }

  std::vector<std::string> images;
  std::vector<SkippedFile> skipped;

 private:
  void collect(const fs::path& folder) {
    std::error_code error;
    const fs::path canonical = fs::canonical(folder, error);
    if (!error && !visited_.insert(canonical).second) {
      skip(folder, SkipReason::kReadBefore);
      return;
    }
    for (const auto& entry : sorted_entries(folder)) {
      throw_if_stopped();
      if (is_hidden(entry)) {
        if (is_hidden_image(entry)) skip(entry, SkipReason::kHidden);
      } else if (is_folder(entry)) {
        collect(entry);
      } else if (has_image_ending(entry)) {
        images.push_back(entry.string());
      } else {
        skip(entry, leads_nowhere(entry) ? SkipReason::kDanglingLink : SkipReason::kNoImageEnding);
      }
    }
  }

  /// Whether it is an image, or a folder with an image somewhere in it.
  static bool is_hidden_image(const fs::path& entry) {
    if (is_litter(entry)) return false;
    return is_folder(entry) ? holds_images(entry) : has_image_ending(entry);
  }

  void skip(const fs::path& entry, SkipReason reason) {
    skipped.push_back({entry.string() + (is_folder(entry) ? "/" : ""), reason});
  }

  std::set<fs::path> visited_;
};

std::vector<fs::path> subfolders(const fs::path& folder) {
  auto entries = sorted_entries(folder);
  std::erase_if(entries,
                [](const fs::path& entry) { return is_hidden(entry) || !is_folder(entry); });
  return entries;
}

/// Notes what lies beside the folders of classes or splits and is passed over.
void note_skipped(const fs::path& folder, std::vector<SkippedFile>& skipped) {
  for (const auto& entry : sorted_entries(folder)) {
    throw_if_stopped();
    const std::string path = entry.string();
    if (is_litter(entry)) continue;
    if (leads_nowhere(entry)) {
      skipped.push_back({path, SkipReason::kDanglingLink});
    } else if (is_folder(entry)) {
      if (is_hidden(entry) && holds_images(entry)) {
        skipped.push_back({path + "/", SkipReason::kHidden});
      }
    } else if (has_image_ending(entry)) {
      skipped.push_back({path, SkipReason::kOutsideClasses});
    } else if (!is_hidden(entry)) {
      skipped.push_back({path, SkipReason::kNoImageEnding});
    }
  }
}

/// A link to the folder that holds the classes, or above it, would be a class of all images.
void refuse_link_upwards(const fs::path& entry, const fs::path& folder) {
  std::error_code ignored;
  const fs::path target = fs::canonical(entry, ignored);
  const auto way = fs::canonical(folder, ignored).lexically_relative(target).string();
  if (way.empty() || way.starts_with("..")) return;
  throw DataError(
      fmt::format("{}: is a link to {}, which holds the other class folders, and cannot be a class "
                  "itself. Remove the link.",
                  entry.string(), target.string()));
}

void read_classes(const fs::path& folder, const std::string& split, LabelledFiles& found) {
  const auto classes = subfolders(folder);
  std::vector<SkippedFile>& skipped = found.findings.skipped;
  note_skipped(folder, skipped);
  if (classes.empty()) {
    throw DataError(fmt::format(
        "{}: holds no class folders. Expected one folder per class with its images inside, such "
        "as {}/cats/1.jpg.{}{}",
        folder.string(), folder.string(),
        split.empty() || split == "train"
            ? ""
            : fmt::format(" Without {} images, remove the folder.", split),
        skipped.empty() ? "" : " " + skip_messages(skipped).front().text + "."));
  }
  for (const auto& entry : classes) {
    refuse_link_upwards(entry, folder);
    FileWalk walk(entry);
    skipped.insert(skipped.end(), walk.skipped.begin(), walk.skipped.end());
    if (walk.images.empty()) {
      throw DataError(
          fmt::format("{}: the class folder holds no images ({}). Put images in it or remove it.",
                      entry.string(), fmt::join(image_endings(), ", ")));
    }
    for (auto& image : walk.images) {
      found.files.push_back({std::move(image), {entry.filename().string()}, split});
    }
  }
}

/// Whether the folders are splits rather than classes: they all have names of splits, or one of
/// them is "train" and holds class folders. A class may be called "test" beside other classes.
bool are_splits(const std::vector<fs::path>& folders) {
  const auto split_of = [](const fs::path& entry) {
    return canonical_split(entry.filename().string());
  };
  const bool only_split_names =
      std::none_of(folders.begin(), folders.end(),
                   [&](const fs::path& entry) { return split_of(entry).empty(); });
  if (only_split_names) return !folders.empty();
  return std::any_of(folders.begin(), folders.end(), [&](const fs::path& entry) {
    return split_of(entry) == "train" && !subfolders(entry).empty();
  });
}

}  // namespace

std::string lower_case_ending(const fs::path& file) {
  return lower_case(file.extension().string());
}

bool has_image_ending(const fs::path& file) {
  const auto endings = image_endings();
  return std::find(endings.begin(), endings.end(), lower_case_ending(file)) != endings.end();
}

std::string canonical_split(std::string_view text) {
  const std::string name = lower_case(std::string(text));
  if (name == "train" || name == "training") return "train";
  if (name == "val" || name == "valid" || name == "validation") return "val";
  if (name == "test") return "test";
  return "";
}

LabelledFiles read_folder(const fs::path& folder) {
  LabelledFiles found;
  const auto folders = subfolders(folder);
  if (!are_splits(folders)) {
    read_classes(folder, "", found);
    return found;
  }
  note_skipped(folder, found.findings.skipped);
  for (const auto& entry : folders) {
    if (canonical_split(entry.filename().string()).empty() && !is_litter(entry)) {
      found.findings.skipped.push_back({entry.string() + "/", SkipReason::kBesideSplits});
    }
  }
  for (const auto& entry : folders) {
    const std::string split = canonical_split(entry.filename().string());
    if (!split.empty()) read_classes(entry, split, found);
  }
  return found;
}

FolderImages list_images(const std::string& path) {
  switch (file_kind(path)) {
    case FileKind::kNothing:
      throw DataError(fmt::format("{}: {}.", path, why_absent(path, "file or folder")));
    case FileKind::kFolder: {
      FileWalk walk(path);
      return {std::move(walk.images), std::move(walk.skipped)};
    }
    default: return {{path}, {}};
  }
}

}  // namespace transfer
