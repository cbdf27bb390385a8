#include "models/backbone_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

#include "core/errors.h"
#include "models/archive_file.h"
#include "models/model_file_kind.h"

namespace transfer {
namespace {

constexpr const char* kMetadataRecord = "extra/transfer.json";

/// The member "complexity" of the metadata; nothing where it is missing or of another kind.
std::optional<NetworkCost> parse_cost(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("complexity")) return std::nullopt;
  const auto& cost = object.at("complexity");
  for (const char* key : {"parameters", "multiply_adds", "outputs"}) {
    if (!cost.is_object() || !cost.contains(key) || !cost.at(key).is_number_unsigned()) {
      return std::nullopt;
    }
  }
  return NetworkCost{cost.at("parameters"), cost.at("multiply_adds"), cost.at("outputs")};
}

bool is_torchscript(const ArchiveFile& archive) {
  return archive.has("constants.pkl") && archive.has("data.pkl");
}

void read_metadata(const ArchiveFile& archive, BackboneFile& found) {
  for (const ArchiveRecord& record : archive.records()) {
    if (record.name != kMetadataRecord) continue;
    const std::string text = archive.contents(record);
    found.metadata = parse_metadata(text, found.file.string());
    found.cost = parse_cost(text);
  }
}

/// What a file that is no sound archive of TorchScript is.
std::string foreign_kind(const std::filesystem::path& file, const std::string& damage) {
  const ModelFileKind kind = model_file_kind(file);
  return kind == ModelFileKind::kTorchScript ? damage + "." : describe_foreign(kind, file);
}

}  // namespace

std::optional<std::int64_t> BackboneFile::classes() const {
  if (metadata && !metadata->classes.empty()) {
    return static_cast<std::int64_t>(metadata->classes.size());
  }
  if (metadata && !metadata->pretraining_classes.empty()) {
    return static_cast<std::int64_t>(metadata->pretraining_classes.size());
  }
  return cost ? std::optional(cost->outputs) : std::nullopt;
}

BackboneFile describe_backbone(const std::filesystem::path& file) {
  BackboneFile found;
  found.name = file.stem().string();
  found.file = file;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (!error) found.bytes = bytes;
  try {
    const ArchiveFile archive(file);
    if (is_torchscript(archive)) {
      read_metadata(archive, found);
    } else {
      found.problem = foreign_kind(file, "is no TorchScript archive");
    }
  } catch (const DamagedArchive& damage) {
    found.problem = foreign_kind(file, damage.what());
  } catch (const ModelError& failure) {  // "FILE: REASON"
    const std::string text = failure.what();
    const std::string prefix = file.string() + ": ";
    found.problem = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }
  return found;
}

void require_whole_backbone(const std::filesystem::path& file, const std::string& reported) {
  const BackboneFile found = describe_backbone(file);
  std::string problem = found.problem;
  if (problem.empty() && !found.metadata) problem = "holds no transfer.json.";
  try {
    if (problem.empty()) ArchiveFile(file).require_intact();
  } catch (const DamagedArchive& damage) {
    problem = std::string(damage.what()) + ".";
  }
  if (!problem.empty()) throw ModelError(fmt::format("{}: {}", reported, problem));
}

}  // namespace transfer
