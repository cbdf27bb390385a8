#include "app/check/cleaned_data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>
#include <utility>

#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/open_file.h"
#include "core/visible_text.h"
#include "core/write_failure.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// A folder that is removed with all that is in it unless it gets its final name.
class StagedFolder {
 public:
  explicit StagedFolder(fs::path folder) : folder_(std::move(folder)) {
    const fs::path name =
        folder_.has_filename() ? folder_.filename() : folder_.parent_path().filename();
    staged_ = folder_of(folder_.has_filename() ? folder_ : folder_.parent_path()) /
              fmt::format(".{}.{}.tmp", name.string(), ::getpid());
    std::error_code error;
    fs::create_directories(staged_, error);
    if (error) throw write_failure(folder_, error.value());
  }
  ~StagedFolder() {
    std::error_code ignored;
    if (!is_renamed_) fs::remove_all(staged_, ignored);
  }
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const fs::path& path() const { return staged_; }

  /// Throws OutputError. An empty folder of the final name is replaced.
  void commit() {
    std::string target = folder_.string();
    while (target.size() > 1 && target.ends_with('/')) target.pop_back();
    if (::rename(staged_.c_str(), target.c_str()) != 0) throw write_failure(folder_, errno);
    is_renamed_ = true;
  }

 private:
  fs::path folder_;
  fs::path staged_;
  bool is_renamed_ = false;
};

void require_files(const ListedData& data) {
  const bool are_in_memory = !data.samples.empty() && data.samples.front().array != nullptr;
  if (!are_in_memory) return;
  throw ConfigError(
      "--apply: the images of IDX files are no files of their own, which could be left out. "
      "Convert them to image files first.");
}

void require_class_folders(const ListedData& data, TargetKind kind) {
  require_files(data);
  if (kind != TargetKind::kClass) {
    throw ConfigError(
        "--to: only data with one class per image fits into class folders. Give --to FILE.csv.");
  }
  constexpr std::size_t kLongestName = 255;
  for (const std::string& name : data.classes) {
    const bool is_usable = !name.empty() && !name.starts_with('.') && name.size() <= kLongestName &&
                           name.find('/') == std::string::npos &&
                           name.find('\0') == std::string::npos;
    if (is_usable) continue;
    throw ConfigError(fmt::format(
        "--to: the class '{}' cannot be the name of a folder. Give --to FILE.csv.", visible(name)));
  }
}

/// Throws OutputError where a folder would replace something.
void require_free_folder(const fs::path& folder) {
  std::error_code error;
  const FileKind kind = file_kind(folder);
  if (kind == FileKind::kNothing) return;
  if (kind == FileKind::kFolder && fs::is_empty(folder, error) && !error) return;
  throw OutputError(fmt::format("--to {}: {}. Give another name; nothing is overwritten.",
                                folder.string(),
                                kind == FileKind::kFolder ? "is not empty" : "is there already"));
}

/// A path that no other image has: FOLDER/NAME, FOLDER/NAME-2.ENDING, ….
fs::path free_name(const fs::path& folder, const fs::path& name, std::set<std::string>& taken) {
  fs::path target = folder / name;
  for (int number = 2; !taken.insert(target.string()).second; ++number) {
    target =
        folder / fmt::format("{}-{}{}", name.stem().string(), number, name.extension().string());
  }
  return target;
}

void transport_image(const fs::path& source, const fs::path& target, Transport transport) {
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) throw write_failure(target.parent_path(), error.value());
  if (transport == Transport::kCopy) {
    // std::filesystem::copy_file would not say why a disk takes no more.
    const std::string bytes = read_file(source);
    const int created = open_uninterrupted(target, O_CREAT | O_EXCL | O_WRONLY);
    if (created < 0) throw write_failure(target, errno);
    ::close(created);
    OpenFile::for_writing(target, target).write(0, bytes.data(), bytes.size());
    return;
  }
  fs::create_hard_link(fs::canonical(source, error), target, error);
  if (!error) return;
  throw OutputError(
      fmt::format("--link: {} cannot get a second name at {}: {}. Leave out --link to copy the "
                  "images.",
                  source.string(), target.string(), error.message()));
}

std::string label_of(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                     std::size_t image) {
  return fixes.labels[image].value_or(target_text(data.samples[image], data.classes, kind));
}

/// Throws DataError where a class loses all its images: a model would not know it any more.
void require_no_empty_class(const ListedData& data, const DataFixes& fixes, TargetKind kind) {
  const auto dropped = std::count(fixes.is_dropped.begin(), fixes.is_dropped.end(), true);
  if (std::cmp_equal(dropped, data.samples.size())) {
    throw DataError("--apply: every image is dropped, so nothing is left.");
  }
  if (kind != TargetKind::kClass) return;
  std::set<std::string> labels;
  for (std::size_t i = 0; i < data.samples.size(); ++i) {
    if (!fixes.is_dropped[i]) labels.insert(label_of(data, fixes, kind, i));
  }
  std::vector<std::string> empty;
  for (const std::string& name : data.classes) {
    if (!labels.contains(name)) empty.push_back(visible(name));
  }
  if (empty.empty()) return;
  throw DataError(fmt::format(
      "--apply: no image is left of {}: {}. Keep an image of each class; to do without a class, "
      "leave its images out of the marks and remove its folder or its rows from the cleaned copy.",
      empty.size() == 1 ? "the class" : "the classes", first_five(empty)));
}

/// The fields of an image in a table, from its label on.
std::string target_fields(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                          std::size_t image) {
  if (kind != TargetKind::kValues) return "," + csv_field(label_of(data, fixes, kind, image));
  std::string fields;
  for (const float value : data.samples[image].targets) fields += fmt::format(",{}", value);
  return fields;
}

bool has_any(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [](const auto& text) { return !text.empty(); });
}

}  // namespace

std::int64_t write_cleaned_folder(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                                  const fs::path& folder, Transport transport) {
  require_class_folders(data, kind);
  require_free_folder(folder);
  require_no_empty_class(data, fixes, kind);
  for (std::size_t i = 0; i < data.samples.size(); ++i) {
    if (fixes.is_dropped[i] || is_file(data.samples[i].path)) continue;
    throw DataError(
        fmt::format("{}: {}.", data.samples[i].path, why_absent(data.samples[i].path, "image")));
  }
  StagedFolder staged(folder);
  std::set<std::string> taken;
  std::int64_t images = 0;
  for (std::size_t i = 0; i < data.samples.size(); ++i) {
    throw_if_stopped();
    if (fixes.is_dropped[i]) continue;
    const std::string label = label_of(data, fixes, kind, i);
    const fs::path source = data.samples[i].path;
    const fs::path place =
        data.splits[i].empty() ? staged.path() / label : staged.path() / data.splits[i] / label;
    transport_image(source, free_name(place, source.filename(), taken), transport);
    ++images;
  }
  staged.commit();
  if (has_any(data.groups)) {
    warn("folders hold no groups: keep data.group_by, or give --to FILE.csv for the column group.");
  }
  return images;
}

std::int64_t write_cleaned_table(const ListedData& data, const DataFixes& fixes, TargetKind kind,
                                 const fs::path& file) {
  require_files(data);
  require_file_output(file);
  if (file_kind(file) != FileKind::kNothing) {
    throw OutputError(fmt::format(
        "--to {}: is there already. Give another name; nothing is overwritten.", file.string()));
  }
  require_no_empty_class(data, fixes, kind);
  const bool has_splits = has_any(data.splits);
  const bool has_groups = has_any(data.groups);
  std::string text = "path";
  if (kind == TargetKind::kValues) {
    for (const std::string& name : data.classes) text += "," + csv_field(name);
  } else {
    text += ",label";
  }
  text += fmt::format("{}{}\n", has_splits ? ",split" : "", has_groups ? ",group" : "");
  const fs::path folder = fs::absolute(folder_of(file));
  std::int64_t images = 0;
  for (std::size_t i = 0; i < data.samples.size(); ++i) {
    if (fixes.is_dropped[i]) continue;
    const fs::path path = fs::absolute(data.samples[i].path)
                              .lexically_normal()
                              .lexically_relative(folder.lexically_normal());
    text += csv_field(path.string()) + target_fields(data, fixes, kind, i);
    if (has_splits) text += "," + csv_field(data.splits[i]);
    if (has_groups) text += "," + csv_field(data.groups[i]);
    text += "\n";
    ++images;
  }
  write_file_atomically(file, text);
  return images;
}

}  // namespace transfer
