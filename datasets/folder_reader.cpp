#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "core/errors.h"
#include "datasets/dataset.h"
#include "datasets/labelled_files.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::array kPictureEndings = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"};

/// The entries of a folder sorted by name, hidden ones left out.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.path().filename().string().starts_with(".")) entries.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(fmt::format("{}: the folder cannot be read: {}. Check the permissions.",
                                folder.string(), error.code().message()));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

void collect(const fs::path& folder, std::vector<std::string>& pictures,
             std::vector<std::string>& skipped) {
  for (const auto& entry : sorted_entries(folder)) {
    if (fs::is_directory(entry)) {
      collect(entry, pictures, skipped);
    } else {
      (has_picture_ending(entry) ? pictures : skipped).push_back(entry.string());
    }
  }
}

std::vector<fs::path> subfolders(const fs::path& folder) {
  auto entries = sorted_entries(folder);
  std::erase_if(entries, [](const fs::path& entry) { return !fs::is_directory(entry); });
  return entries;
}

void read_classes(const fs::path& folder, const std::string& split, LabelledFiles& found) {
  const auto classes = subfolders(folder);
  if (classes.empty()) {
    throw DataError(fmt::format(
        "{}: holds no class folders. Expected one folder a class with its pictures inside, such "
        "as {}/cats/1.jpg.",
        folder.string(), folder.string()));
  }
  for (const auto& entry : classes) {
    std::vector<std::string> pictures;
    collect(entry, pictures, found.skipped_files);
    if (pictures.empty()) {
      throw DataError(fmt::format(
          "{}: the class folder holds no pictures ({}). Put pictures in it or remove it.",
          entry.string(), fmt::join(kPictureEndings, ", ")));
    }
    for (auto& picture : pictures) {
      found.files.push_back({std::move(picture), entry.filename().string(), split});
    }
  }
}

}  // namespace

bool has_picture_ending(const fs::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kPictureEndings.begin(), kPictureEndings.end(), ending) != kPictureEndings.end();
}

std::string canonical_split(std::string_view name) {
  if (name == "train" || name == "training") return "train";
  if (name == "val" || name == "valid" || name == "validation") return "val";
  if (name == "test") return "test";
  return "";
}

LabelledFiles read_folder(const fs::path& folder) {
  LabelledFiles found;
  const auto folders = subfolders(folder);
  const auto split_of = [](const fs::path& entry) {
    return canonical_split(entry.filename().string());
  };
  // A class may well be called "test"; two folders "test" and "val" alone are no classes.
  const bool has_splits =
      !folders.empty() &&
      (std::any_of(folders.begin(), folders.end(),
                   [&](const fs::path& entry) { return split_of(entry) == "train"; }) ||
       std::all_of(folders.begin(), folders.end(),
                   [&](const fs::path& entry) { return !split_of(entry).empty(); }));
  if (!has_splits) {
    read_classes(folder, "", found);
    return found;
  }
  for (const auto& entry : folders) {
    const std::string split = canonical_split(entry.filename().string());
    if (!split.empty()) read_classes(entry, split, found);
  }
  return found;
}

std::vector<std::string> list_pictures(const std::string& path) {
  if (!fs::exists(path)) {
    throw DataError(fmt::format("{}: no such file or folder.", path));
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> pictures;
  std::vector<std::string> skipped;
  collect(path, pictures, skipped);
  return pictures;
}

}  // namespace transfer
