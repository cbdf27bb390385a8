#pragma once

#include <filesystem>
#include <vector>

namespace transfer {

/// The folder of the running binary.
std::filesystem::path binary_folder();

/// Where the presets lie: in the installed share folder beside the binary, else in the
/// source tree the binary was built from. Empty when neither exists.
std::filesystem::path presets_folder();

/// Folders searched for backbones by name, in order, whether or not they exist:
/// `$TRANSFER_MODELS`, the installed share folder, `models/pretrained` of the source tree.
std::vector<std::filesystem::path> backbone_folders();

}  // namespace transfer
