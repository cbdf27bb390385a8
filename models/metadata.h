#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/enum_names.h"
#include "core/objective.h"
#include "core/preprocessing.h"
#include "models/calibration.h"
#include "models/member_description.h"

namespace transfer {

enum class ModelKind {
  kBackbone,    ///< exported, pretrained
  kClassifier,  ///< written by training
};
template <>
inline constexpr std::array<std::string_view, 2> kNames<ModelKind> = {"backbone", "classifier"};

/// The metadata inside a model file: its extra file `transfer.json`.
struct ModelMetadata {
  /// Newest format of `transfer.json` that this program reads. Version 2 added task and loss,
  /// version 3 further channels, pixels of 0 to 255, further resize rules and the range of samples,
  /// version 4 the calibration, version 5 the stages that a head on several takes, the members of an
  /// ensemble, the losses focal and logit_adjusted and the thresholds of labels. A file is written in
  /// the oldest version that can say what it holds.
  static constexpr int kFormatVersion = 5;

  ModelKind kind = ModelKind::kBackbone;
  std::string name;
  /// Origin of the weights, its version and its licence; empty when unknown.
  std::string source;
  std::string source_version;
  std::string license;
  Preprocessing preprocessing;
  /// Names of the pretraining classes, in output order; may be empty.
  std::vector<std::string> pretraining_classes;
  /// Names of a classifier's outputs, in output order; empty for a backbone.
  std::vector<std::string> classes;
  /// Task and loss of a classifier; files of version 1 are for classification.
  Objective objective;
  /// Of a classifier with one class per image; nothing in files of older versions.
  std::optional<Calibration> calibration = {};
  /// Of an ensemble (models/ensemble.h) the models that it was made of; else empty.
  std::vector<MemberDescription> members = {};
  /// Paths of the modules behind which the network may be cut, in execution order. If the file
  /// names none, Backbone::load finds them in the graph (models/stage_finder.h).
  std::vector<std::string> stages;
  /// Stages whose pooled outputs a head on several of them takes, in the network's order; empty for
  /// other heads. Behind the first of them the network cannot be cut.
  std::vector<std::string> pooled_stages = {};
  /// See weights_sha256() in models/weights.h; empty when unknown.
  std::string weights_sha256;
};

/// Parses the text of `transfer.json`. Throws ModelError, naming `file` and the field, for a newer
/// format, a missing field or a value of the wrong type.
ModelMetadata parse_metadata(const std::string& json, const std::string& file);

/// The text of `transfer.json`.
std::string to_json(const ModelMetadata& metadata);

}  // namespace transfer
