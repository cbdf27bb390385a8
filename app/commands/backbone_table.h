#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/preparation/exporter.h"
#include "models/backbone_files.h"

namespace transfer {

/// What is known of a backbone, whether or not it is exported.
struct BackboneRow {
  std::string name;
  std::optional<std::int64_t> bytes;
  std::optional<std::int64_t> parameters;
  std::optional<std::int64_t> multiply_adds;
  /// Height and width of the images.
  std::vector<std::int64_t> input_size;
  /// Of the pretraining.
  std::optional<std::int64_t> classes;
  /// SPDX identifier of the weights' licence; "" where it is unknown.
  std::string license;
};

BackboneRow row_of(const BackboneFile& file);
/// From an object of list_exportable().
BackboneRow row_of(const nlohmann::ordered_json& entry);

/// The architectures that the exporter has of its own.
std::vector<BackboneRow> own_architectures();

/// Whether a name fits a pattern of the shell, in full ("torchvision:resnet50"), as its file is
/// called ("torchvision-resnet50") or by its architecture alone ("resnet50"). A pattern without
/// wildcards fits every name that holds it. As models/export/listing.py has it.
bool fits_pattern(const std::string& name, const std::string& pattern);

nlohmann::ordered_json to_json(const BackboneRow& row);
nlohmann::ordered_json to_json(const BackboneFile& file);

/// The table of what is exported.
std::string exported_text(const std::vector<BackboneRow>& rows);
/// The table of what is not exported and how to export it. `names_libraries`: with a line for what
/// is listed only where a pattern asks for it.
std::string exportable_text(std::vector<BackboneRow> rows, const Exporter& exporter,
                            bool names_libraries);

}  // namespace transfer
