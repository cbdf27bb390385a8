#include "models/backbone.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/hash.h"
#include "core/install_paths.h"
#include "core/nearest_name.h"
#include "models/archive.h"
#include "models/stage_finder.h"
#include "models/trace_repair.h"
#include "models/weights.h"

namespace transfer {
namespace {

constexpr const char* kGoldenEnding = ".golden.pt";

std::vector<std::string> exported_names() {
  std::vector<std::string> names;
  for (const auto& folder : backbone_folders()) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      const std::string file = entry.path().filename().string();
      if (file.ends_with(".pt") && !file.ends_with(kGoldenEnding)) {
        names.push_back(entry.path().stem().string());
      }
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Backbone::Backbone(std::shared_ptr<const Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Backbone Backbone::load(const std::filesystem::path& file) {
  auto implementation = std::make_shared<Implementation>();
  Archive archive = read_archive(file);
  implementation->file = file.string();
  implementation->module = archive.module;
  implementation->has_metadata = archive.metadata.has_value();
  implementation->metadata = archive.metadata.value_or(ModelMetadata{});
  if (implementation->metadata.name.empty()) {
    implementation->metadata.name = file.stem().string();
  }
  if (!implementation->module.find_method("forward")) {
    throw ModelError(fmt::format(
        "{}: the module has no forward method. Expected forward(image); export it with one.",
        file.string()));
  }
  refuse_frozen(implementation->module, file.string());
  implementation->repaired_layers = repair_traced_modes(implementation->module);
  implementation->classifier = find_classifier(implementation->module, file.string());
  keep_logits_only(implementation->module, file.string());
  if (implementation->metadata.stages.empty()) {
    const Preprocessing& p = implementation->metadata.preprocessing;
    implementation->metadata.stages =
        find_stages(implementation->module, {1, p.channels, p.height, p.width}, file.string());
  }
  const std::string hash = weights_sha256(implementation->module);
  std::string& expected = implementation->metadata.weights_sha256;
  if (!expected.empty() && expected != hash) {
    throw ModelError(fmt::format(
        "{}: the weights do not match the hash in the metadata (found {}, expected {}). The file "
        "was changed or damaged; export it again.",
        file.string(), hash, expected));
  }
  expected = hash;
  return Backbone(std::move(implementation));
}

const std::string& Backbone::file() const { return implementation_->file; }
const ModelMetadata& Backbone::metadata() const { return implementation_->metadata; }
bool Backbone::has_metadata() const { return implementation_->has_metadata; }
const std::string& Backbone::classifier_path() const { return implementation_->classifier.path; }
std::int64_t Backbone::feature_count() const { return implementation_->classifier.in_features; }
std::int64_t Backbone::output_count() const { return implementation_->classifier.out_features; }
int Backbone::repaired_layers() const { return implementation_->repaired_layers; }

bool Backbone::is_built_in() const { return implementation_->is_built_in; }

std::string Backbone::fingerprint() const {
  return sha256_hex(is_built_in() ? file() : read_file(file()));
}

Backbone Backbone::with_input_size(std::int64_t size) const {
  auto changed = std::make_shared<Implementation>(*implementation_);
  Preprocessing& p = changed->metadata.preprocessing;
  p.resize = p.resize * size / std::min(p.height, p.width);
  p.height = p.width = size;
  return Backbone(std::move(changed));
}

Backbone Backbone::with_sample_range(const SampleRange& range) const {
  auto changed = std::make_shared<Implementation>(*implementation_);
  changed->metadata.preprocessing.sample_range = range;
  return Backbone(std::move(changed));
}

std::filesystem::path find_backbone(const std::string& name_or_file) {
  std::filesystem::path path(name_or_file);
  // A folder of the same name does not hide the backbone.
  if (is_file(path) || path.has_parent_path() || path.extension() == ".pt") {
    return path;
  }
  for (const auto& folder : backbone_folders()) {
    auto file = folder / (name_or_file + ".pt");
    if (is_file(file)) return file;
  }
  const auto names = exported_names();
  throw ModelError(fmt::format(
      "backbone '{}' was not found. Exported backbones: {}{} Give a TorchScript file, or export "
      "one: .venv/bin/python models/export/export.py {} --out models/pretrained",
      name_or_file, names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
      nearest_or_stop(name_or_file, names), name_or_file));
}

}  // namespace transfer
