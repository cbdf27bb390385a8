#include "models/backbone_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_entries.h"
#include "core/install_paths.h"
#include "core/nearest_name.h"
#include "models/model_path.h"

namespace transfer {
namespace {

constexpr std::array<std::string_view, 3> kOwnArchitectures = {
    "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"};
constexpr std::array<std::string_view, 2> kLibraries = {"torchvision", "timm"};

/// The library in front of the first ":" or "-" of a name, and the rest behind it.
struct LibraryName {
  std::string library;
  std::string architecture;
};

LibraryName split_name(const std::string& name) {
  const auto end = name.find_first_of(":-");
  if (end == std::string::npos) return {"", name};
  return {name.substr(0, end), name.substr(end + 1)};
}

/// Whether it can be an architecture's name, and part of the name of a file.
bool is_plain(const std::string& architecture) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !architecture.empty() && architecture.front() != '.' && architecture.front() != '-' &&
         architecture.find_first_not_of(kAllowed) == std::string::npos;
}

/// Whether a backbone is given as a path rather than by name.
bool is_path(const std::string& name_or_file) {
  const std::filesystem::path path(name_or_file);
  // A folder of the same name does not hide the backbone.
  return is_file(path) || path.has_parent_path() || path.extension() == ".pt";
}

/// The name that the user may have meant; "" where none is near.
std::string nearest_backbone(const std::string& name, const std::vector<std::string>& exported) {
  if (is_torchvision_architecture(name)) return "torchvision:" + name;
  const auto [library, architecture] = split_name(name);
  const std::string nearest = nearest_name(library, {kLibraries.begin(), kLibraries.end()});
  constexpr std::size_t kMostLettersMore = 2;
  const bool is_slip = !nearest.empty() && library.size() <= nearest.size() + kMostLettersMore;
  if (is_slip && is_plain(architecture)) return nearest + ":" + architecture;
  std::vector<std::string> known = exported;
  known.insert(known.end(), kOwnArchitectures.begin(), kOwnArchitectures.end());
  return nearest_name(name, known);
}

}  // namespace

bool is_torchvision_architecture(const std::string& name) {
  static constexpr std::array<std::string_view, 19> kFamilies = {
      "alexnet",      "convnext_", "densenet",    "efficientnet_", "googlenet",
      "inception_v3", "maxvit_",   "mnasnet",     "mobilenet_v",   "regnet_",
      "resnet",       "resnext",   "shufflenet_", "squeezenet",    "swin_",
      "vgg",          "vit_",      "wide_resnet", "swin_v2_"};
  return std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&name](std::string_view family) { return name.starts_with(family); });
}

std::optional<std::string> exporters_name(const std::string& name) {
  if (std::find(kOwnArchitectures.begin(), kOwnArchitectures.end(), name) !=
      kOwnArchitectures.end()) {
    return name;
  }
  const auto [library, architecture] = split_name(name);
  const bool is_known =
      std::find(kLibraries.begin(), kLibraries.end(), library) != kLibraries.end();
  if (!is_known || !is_plain(architecture)) return std::nullopt;
  return library + ":" + architecture;
}

std::string exported_name(const std::string& name) {
  std::string stem = name;
  if (exporters_name(name)) std::replace(stem.begin(), stem.end(), ':', '-');
  return stem;
}

std::optional<std::filesystem::path> find_exported(const std::string& name) {
  for (const auto& folder : backbone_folders()) {
    auto file = folder / (exported_name(name) + ".pt");
    if (is_file(file)) return file;
  }
  return std::nullopt;
}

std::vector<std::filesystem::path> exported_files() {
  std::map<std::string, std::filesystem::path> files;
  for (const auto& folder : backbone_folders()) {
    std::error_code ignored;
    for (const auto& file : folder_entries(folder, ignored)) {
      const std::string name = file.filename().string();
      const bool is_backbone =
          name.ends_with(".pt") && !name.ends_with(".golden.pt") && !name.starts_with('.');
      if (is_backbone && is_file(file)) files.emplace(file.stem().string(), file);
    }
  }
  std::vector<std::filesystem::path> sorted;
  for (const auto& [name, file] : files) sorted.push_back(file);
  return sorted;
}

std::optional<std::string> name_to_export(const std::string& name_or_file) {
  const bool has_file =
      is_path(name_or_file) || find_exported(name_or_file) || is_folder(name_or_file);
  return has_file ? std::nullopt : exporters_name(name_or_file);
}

std::filesystem::path find_backbone(const std::string& name_or_file) {
  const std::filesystem::path path(name_or_file);
  if (is_path(name_or_file)) return model_path(path);
  if (auto file = find_exported(name_or_file)) return *file;
  if (is_folder(path)) return model_path(path);
  if (const auto name = exporters_name(name_or_file)) {
    throw ModelError(
        fmt::format("backbone '{}' is not exported yet. Export it: transfer backbones --export {}",
                    name_or_file, *name));
  }
  std::vector<std::string> names;
  for (const auto& file : exported_files()) names.push_back(file.stem().string());
  const std::string nearest = nearest_backbone(name_or_file, names);
  throw ModelError(fmt::format(
      "backbone '{}' was not found{} Exported backbones: {}. Expected one of them, a TorchScript "
      "file, or what can be exported: torchvision:ARCHITECTURE, timm:ARCHITECTURE "
      "(`transfer backbones` lists them).",
      name_or_file, nearest.empty() ? "." : fmt::format("; did you mean '{}'?", nearest),
      names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace transfer
