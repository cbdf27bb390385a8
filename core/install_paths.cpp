#include "core/install_paths.h"

#include <cstdlib>
#include <system_error>

#ifndef TRANSFER_SOURCE_DIR
#define TRANSFER_SOURCE_DIR ""
#endif

namespace transfer {
namespace {

std::filesystem::path share_folder() { return binary_folder() / ".." / "share" / "transfer"; }

std::filesystem::path source_folder() { return TRANSFER_SOURCE_DIR; }

}  // namespace

std::filesystem::path binary_folder() {
  std::error_code error;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::current_path() : binary.parent_path();
}

std::filesystem::path presets_folder() {
  for (const auto& folder : {share_folder() / "presets", source_folder() / "presets"}) {
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return folder.lexically_normal();
  }
  return {};
}

std::vector<std::filesystem::path> backbone_folders() {
  std::vector<std::filesystem::path> folders;
  const char* chosen = std::getenv("TRANSFER_MODELS");
  if (chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  folders.push_back((share_folder() / "models").lexically_normal());
  folders.push_back(source_folder() / "models" / "pretrained");
  return folders;
}

}  // namespace transfer
