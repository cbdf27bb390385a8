#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/metadata.h"

namespace transfer {

/// What a network costs, as its exporter has measured it for one image of its input size.
struct NetworkCost {
  std::int64_t parameters = 0;
  /// Of the convolutions and linear layers, as measure_complexity() counts them.
  std::int64_t multiply_adds = 0;
  std::int64_t outputs = 0;
};

/// What the file of a backbone says of itself; it is not loaded, and nothing in it runs.
struct BackboneFile {
  /// For `--backbone`.
  std::string name;
  std::filesystem::path file;
  std::uint64_t bytes = 0;
  /// Nothing without `transfer.json` inside.
  std::optional<ModelMetadata> metadata;
  /// Nothing where the exporter did not measure it.
  std::optional<NetworkCost> cost;
  /// Why the file cannot be used, as a sentence behind "FILE: "; "" where nothing speaks against
  /// it.
  std::string problem;

  /// Number of classes of the pretraining, or of a trained model; nothing where it is unknown.
  std::optional<std::int64_t> classes() const;
};

/// Reads what a file says. Never throws because of what it holds: see BackboneFile::problem.
BackboneFile describe_backbone(const std::filesystem::path& file);

/// Throws ModelError, which calls the file `reported`, unless it is a whole archive of TorchScript
/// with metadata: every record has its CRC-32.
void require_whole_backbone(const std::filesystem::path& file, const std::string& reported);

}  // namespace transfer
