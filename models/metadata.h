#pragma once

#include <string>
#include <vector>

#include "core/objective.h"
#include "core/preprocessing.h"

namespace transfer {

/// What travels inside a model file as the extra file `transfer.json`.
struct ModelMetadata {
  /// Newest layout of `transfer.json` this program reads. Version 2 added task and loss; a file
  /// that needs neither is written as version 1.
  static constexpr int kFormatVersion = 2;

  /// `backbone` (exported, pretrained) or `classifier` (written by training).
  std::string kind = "backbone";
  std::string name;
  /// Where the weights come from, its version and its licence; empty where unknown.
  std::string source;
  std::string source_version;
  std::string license;
  Preprocessing preprocessing;
  /// Names of the classes the backbone was pretrained on, in output order; may be empty.
  std::vector<std::string> pretraining_classes;
  /// Names of the outputs of a `classifier`, in output order; empty for a backbone.
  std::vector<std::string> classes;
  /// What a `classifier` was trained for; files of version 1 are for classes.
  Objective objective;
  /// Paths of the modules behind which the network may be cut, in execution order. Where
  /// the file names none, Backbone::load reads them off the graph (models/stage_finder.h).
  std::vector<std::string> stages;
  /// See weights_sha256() in models/weights.h; empty where unknown.
  std::string weights_sha256;
};

/// Reads `transfer.json`. Throws ModelError naming `file` and the field for a newer format, a
/// missing field or a value of the wrong kind.
ModelMetadata parse_metadata(const std::string& json, const std::string& file);

/// The text of `transfer.json`.
std::string to_json(const ModelMetadata& metadata);

}  // namespace transfer
