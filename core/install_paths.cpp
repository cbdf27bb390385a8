#include "core/install_paths.h"

#include <cstdlib>
#include <system_error>

namespace transfer {
namespace {

std::filesystem::path share_folder() {
  return (binary_folder() / ".." / "share" / "transfer").lexically_normal();
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
  return folders;
}

}  // namespace transfer
