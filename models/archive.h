#pragma once

// For models/ only: needs torch/script.h.

#include <torch/script.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/trust.h"
#include "models/backbone.h"
#include "models/feature_check.h"
#include "models/known_images.h"
#include "models/surgery.h"

namespace transfer {

struct Backbone::Implementation {
  std::string file;
  torch::jit::Module module;
  bool has_metadata = false;
  ModelMetadata metadata;
  ClassifierLayer classifier;
  OriginalForward original;
  /// Whether measure_features() could run the network.
  bool is_measured = false;
  std::vector<std::string> remarks;
  int repaired_layers = 0;
  std::vector<std::string> assumptions;
  bool is_built_in = false;
};

/// A TorchScript file as read from disk: in evaluation mode, on the CPU.
struct Archive {
  torch::jit::Module module;
  std::optional<ModelMetadata> metadata;
  /// See parse_known_images(); empty without such a file inside.
  std::string known_images;
};

/// Reads a TorchScript file that `trust` admits (models/admission.h); the metadata is empty without
/// `transfer.json` inside. Every record's CRC-32 is verified. Throws ModelError, naming the file,
/// what it holds and the remedy, when it is not admitted, is damaged, cannot be loaded or has bad
/// metadata.
Archive read_archive(const std::filesystem::path& file, const Trust& trust = {});

/// The same for a model that this program trained, without the methods of image_methods.h: it has
/// its own, which are faster. Throws ModelError for another file too.
Archive read_trained_model(const std::filesystem::path& file, const Trust& trust = {});

/// Throws when a module that was read back is not what was written.
using ArchiveCheck = std::function<void(const torch::jit::Module& reloaded)>;

/// Writes a module with its metadata and known images inside; the file appears complete or not at
/// all. With `check`, what will be written is first read back, in evaluation mode, and passed to
/// it. Throws OutputError, and ModelError when it cannot be read back.
void write_archive(const torch::jit::Module& module, const ModelMetadata& metadata,
                   const std::filesystem::path& file, const ArchiveCheck& check = {},
                   const std::optional<KnownImages>& known = {});

}  // namespace transfer
