#include "core/install_paths.h"

#include <cstdlib>
#include <system_error>

#include "core/file_kind.h"

namespace transfer {
namespace {

std::filesystem::path share_folder() {
  return (binary_folder() / ".." / "share" / "transfer").lexically_normal();
}

/// A folder that a variable of the environment names; empty where it names none. A relative one
/// would depend on where the program is started.
std::filesystem::path absolute_folder(const char* variable) {
  const char* const value = std::getenv(variable);
  const std::filesystem::path folder = value == nullptr ? "" : value;
  return folder.is_absolute() ? folder : std::filesystem::path();
}

/// The source tree of a binary that is neither installed nor built for a package; else empty.
std::filesystem::path source_tree() {
#ifdef TRANSFER_SOURCE_DIR
  if (!is_folder(share_folder() / "presets") && is_folder(TRANSFER_SOURCE_DIR "/models/export")) {
    return TRANSFER_SOURCE_DIR;
  }
#endif
  return {};
}

}  // namespace

std::filesystem::path binary_folder() {
  std::error_code error;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::current_path() : binary.parent_path();
}

std::filesystem::path presets_folder() {
  std::vector<std::filesystem::path> folders = {share_folder() / "presets"};
#ifdef TRANSFER_SOURCE_DIR
  folders.emplace_back(TRANSFER_SOURCE_DIR "/presets");
#endif
  for (const auto& folder : folders) {
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return folder;
  }
  return {};
}

std::vector<std::filesystem::path> backbone_folders() {
  std::vector<std::filesystem::path> folders;
  const char* chosen = std::getenv("TRANSFER_MODELS");
  if (chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  folders.push_back(share_folder() / "models");
#ifdef TRANSFER_SOURCE_DIR
  folders.emplace_back(TRANSFER_SOURCE_DIR "/models/pretrained");
#endif
  if (const auto own = user_data_folder(); !own.empty()) folders.push_back(own / "models");
  return folders;
}

std::filesystem::path user_data_folder() {
  if (const auto data = absolute_folder("XDG_DATA_HOME"); !data.empty()) return data / "transfer";
  const auto home = absolute_folder("HOME");
  return home.empty() ? home : home / ".local" / "share" / "transfer";
}

std::filesystem::path export_folder() {
  const char* const chosen = std::getenv("TRANSFER_MODELS");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  if (const auto sources = source_tree(); !sources.empty()) return sources / "models/pretrained";
  const auto own = user_data_folder();
  return own.empty() ? own : own / "models";
}

std::filesystem::path exporter_script() {
  const std::filesystem::path script = "models/export/export.py";
  for (const auto& folder : {share_folder() / "python", source_tree()}) {
    if (!folder.empty() && is_file(folder / script)) return folder / script;
  }
  return {};
}

std::vector<std::filesystem::path> python_environments() {
  std::vector<std::filesystem::path> environments;
  for (const auto& folder : {share_folder(), source_tree(), user_data_folder()}) {
    if (!folder.empty()) environments.push_back(folder / ".venv");
  }
  return environments;
}

}  // namespace transfer
