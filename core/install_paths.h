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
/// `../share/transfer/models`, in a binary that is not built for a package `models/pretrained` of
/// the source tree, and `models` in user_data_folder().
std::vector<std::filesystem::path> backbone_folders();

/// The folder of what this user's runs of the program share: `$XDG_DATA_HOME/transfer`, or
/// `~/.local/share/transfer`. Empty where the environment names neither.
std::filesystem::path user_data_folder();

/// One of backbone_folders(), to which backbones are exported: `$TRANSFER_MODELS`, or in a binary
/// that runs in its source tree `models/pretrained`, or the user's. Empty where there is none.
std::filesystem::path export_folder();

/// The exporter in Python: `../share/transfer/python/models/export/export.py` or, in a binary that
/// runs in its source tree, that of the tree. Empty when neither exists.
std::filesystem::path exporter_script();

/// Where a Python environment for the exporter may be, in order, whether or not it exists: `.venv`
/// in `../share/transfer`, in the source tree of a binary that runs there, and in
/// user_data_folder().
std::vector<std::filesystem::path> python_environments();

}  // namespace transfer
