#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/preparation/python_environment.h"

namespace transfer {

/// The exporter in Python (models/export), as far as it is here.
struct Exporter {
  /// Empty where it is not installed.
  std::filesystem::path script;
  PythonEnvironment python;

  bool can_run() const { return !script.empty() && !python.interpreter.empty(); }
};

Exporter find_exporter();

/// What makes the exporter run where it cannot: why it cannot, and the command. A sentence or two.
std::string remedy_for(const Exporter& exporter, const std::string& name);

/// A backbone to be exported.
struct ExportOrder {
  /// The exporter's: "torchvision:resnet50".
  std::string name;
  /// The name to export it under, which is that of the file without its ending; "": the usual one.
  std::string rename;
  /// A state dict. Without it, and unless they are random, the weights are downloaded.
  std::filesystem::path weights;
  bool random_weights = false;
  /// Whether a file that is there already is replaced.
  bool replaces = false;

  /// Whether a file of that name which is there already will do.
  bool is_plain() const {
    return rename.empty() && weights.empty() && !random_weights && !replaces;
  }
};

/// Exports a backbone to export_folder(), through the exporter, whose messages become notes. One
/// process exports at a time, and others wait; a file that is there already will do for an order
/// that is_plain(). Returns the file, which appears complete or not at all. Throws ModelError, with
/// the exporter's last message and what to do, where it cannot run or fails; ConfigError where a
/// file is there already; OutputError; Interrupted.
std::filesystem::path export_backbone(const ExportOrder& order);

/// find_backbone(), which exports a backbone that the exporter may know and that is not exported
/// yet. Throws as both do.
std::filesystem::path obtain_backbone(const std::string& name_or_file);

/// What the exporter can export by the names that fit `pattern` (models/export/listing.py): objects
/// with name, bytes, parameters, multiply_adds, input_size, classes, license. REQUIRES:
/// exporter.can_run(). Throws ModelError and Interrupted.
std::vector<nlohmann::ordered_json> list_exportable(const Exporter& exporter,
                                                    const std::string& pattern);

}  // namespace transfer
