#pragma once

#include <filesystem>
#include <vector>

namespace transfer {

/// The folder of the running binary.
std::filesystem::path binary_folder();

/// The folder of the presets: `../share/transfer/presets` beside the binary's folder or, in a
/// binary that is not built for a package, `presets` of the source tree. Empty when neither exists.
std::filesystem::path presets_folder();

/// Folders searched for backbones by name, in order, whether or not they exist: `$TRANSFER_MODELS`,
/// `../share/transfer/models` and, in a binary that is not built for a package, `models/pretrained`
/// of the source tree.
std::vector<std::filesystem::path> backbone_folders();

}  // namespace transfer
