#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace transfer {

// Backbones by name. What the exporter calls torchvision:resnet50 lies in torchvision-resnet50.pt,
// and both spellings name it.

/// The file of a backbone given as a path, by name, or as the run directory that holds it. Throws
/// ModelError, which says how to export it or lists the exported backbones, when no file has that
/// name; also as model_path().
std::filesystem::path find_backbone(const std::string& name_or_file);

/// The exporter's name of a backbone that it may know and that is not exported yet; nothing for
/// every other name, and for files.
std::optional<std::string> name_to_export(const std::string& name_or_file);

/// The exporter's name of what a user calls `name`: "torchvision:resnet50" for itself and for
/// "torchvision-resnet50", "efficientnet-lite1" for itself; nothing for what it cannot know.
std::optional<std::string> exporters_name(const std::string& name);

/// Whether torchvision has a family of architectures to which the name of this one fits.
bool is_torchvision_architecture(const std::string& name);

/// The name of the file, without its ending, to which the exporter's `name` is exported.
std::string exported_name(const std::string& name);

/// The file of an exported backbone; nothing where no folder has one of that name.
std::optional<std::filesystem::path> find_exported(const std::string& name);

/// The files of all exported backbones in the order of their names: of several with one name, the
/// one that is found by it.
std::vector<std::filesystem::path> exported_files();

}  // namespace transfer
