#include "models/archive.h"

#include <caffe2/serialize/read_adapter_interface.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "models/admission.h"
#include "models/archive_file.h"
#include "models/class_names.h"
#include "models/image_methods.h"
#include "models/model_file_kind.h"
#include "models/pickle_check.h"
#include "models/torch_error.h"

namespace transfer {
namespace {

constexpr const char* kMetadataFile = "transfer.json";
constexpr const char* kKnownImagesFile = "known_images";

/// Throws the ModelError for a file that LibTorch could not load: what the file is, and the remedy.
[[noreturn]] void explain_unreadable(const std::filesystem::path& file, const std::string& error) {
  const ModelFileKind kind = model_file_kind(file);
  if (kind != ModelFileKind::kTorchScript) {
    throw ModelError(fmt::format("{}: {}", file.string(), describe_foreign(kind, file)));
  }
  // optimize_for_inference writes packed weights, which LibTorch cannot read back.
  const bool is_optimized = error.find("attribute 'value' is undefined") != std::string::npos ||
                            error.find("mkldnn") != std::string::npos ||
                            error.find("prepacked") != std::string::npos;
  if (is_optimized) {
    throw ModelError(fmt::format(
        "{}: the weights are constants packed for one machine by "
        "torch.jit.optimize_for_inference, and cannot be loaded. Save the module as it was "
        "before freezing.",
        file.string()));
  }
  const std::string missing = missing_operator(error);
  if (!missing.empty()) {
    throw ModelError(fmt::format(
        "{}: its program needs {}, which comes from an extension in C++ that this program lacks. "
        "Export the network without it: its classifier or backbone alone, in operators of PyTorch.",
        file.string(), missing));
  }
  throw ModelError(
      fmt::format("{}: LibTorch {} cannot load it. Export it again with torch.jit.save of the same "
                  "version. [LibTorch: {}]",
                  file.string(), TORCH_VERSION, cause_of(error)));
}

/// Throws ModelError where there is no regular file.
void require_regular_file(const std::filesystem::path& file) {
  switch (file_kind(file)) {
    case FileKind::kRegularFile: break;
    case FileKind::kNothing:
      throw ModelError(fmt::format("{}: {}. Expected a TorchScript model.", file.string(),
                                   why_absent(file, "file")));
    case FileKind::kFolder:
      throw ModelError(
          fmt::format("{}: is a folder{}. Expected a TorchScript file.", file.string(),
                      is_file(file / "saved_model.pb") ? " (a TensorFlow SavedModel)" : ""));
    case FileKind::kOther:
      throw ModelError(
          fmt::format("{}: is not a regular file. Expected a TorchScript file.", file.string()));
  }
}

/// LibTorch's reader over a file whose records are verified as they are read.
class VerifiedBytes : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit VerifiedBytes(const ArchiveFile& file) : file_(file) {}
  std::size_t size() const override { return file_.size(); }
  std::size_t read(std::uint64_t position, void* bytes, std::size_t count,
                   const char* /*what*/) const override {
    return file_.read(position, bytes, count);
  }

 private:
  const ArchiveFile& file_;
};

torch::jit::Module load_module(const ArchiveFile& archive, const std::filesystem::path& file) {
  std::string error;
  torch::jit::Module module;
  try {
    module = torch::jit::load(std::make_shared<VerifiedBytes>(archive), torch::kCPU);
  } catch (const c10::Error& failure) {
    if (is_out_of_memory(failure)) throw;
    error = failure.what_without_backtrace();
  } catch (const std::exception& failure) {
    if (is_out_of_memory(failure)) throw;
    error = failure.what();
  }
  archive.require_intact();  // damage is the better reason
  if (!error.empty()) explain_unreadable(file, error);
  return module;
}

/// An empty text with room for a module's archive, which then never moves while it grows.
std::string room_for(const torch::jit::Module& module) {
  std::size_t bytes = 1 << 20;  // its program
  for (const auto& parameter : module.parameters()) bytes += parameter.nbytes();
  for (const auto& buffer : module.buffers()) bytes += buffer.nbytes();
  std::string text;
  text.reserve(bytes);
  return text;
}

/// What was just written; `file` is its name in the error.
torch::jit::Module read_back(std::istream& written, const std::filesystem::path& file) {
  try {
    return torch::jit::load(written, torch::kCPU);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) throw;
    throw ModelError(fmt::format(
        "{}: was not written: LibTorch cannot read the trained model back. Export the backbone "
        "again, traced instead of scripted or the other way round. [LibTorch: {}]",
        file.string(), cause_of(error.what())));
  }
}

/// The content of an extra file of that name; nothing where there is none.
std::optional<std::string> extra_file(const ArchiveFile& archive, const std::string& name) {
  for (const ArchiveRecord& record : archive.records()) {
    if (record.name == "extra/" + name) return archive.contents(record);
  }
  return {};
}

std::optional<ModelMetadata> metadata_of(const ArchiveFile& archive,
                                         const std::filesystem::path& file) {
  const auto text = extra_file(archive, kMetadataFile);
  if (!text) return {};
  return parse_metadata(*text, file.string());
}

}  // namespace

Archive read_archive(const std::filesystem::path& file, const Trust& trust) {
  require_regular_file(file);
  try {
    const ArchiveFile bytes(file);
    if (!bytes.has("constants.pkl") || !bytes.has("data.pkl")) explain_unreadable(file, "");
    bytes.require_intact(/*without_tensors=*/true);
    auto metadata = metadata_of(bytes, file);
    admit(bytes, file, metadata.has_value(), trust);
    require_sound_pickles(bytes);
    auto module = load_module(bytes, file);
    module.eval();
    return {std::move(module), std::move(metadata),
            extra_file(bytes, kKnownImagesFile).value_or("")};
  } catch (const UnreadArchive& failure) {
    throw ModelError(fmt::format(
        "{}: {}. Check the disk or its connection and the file's permissions, then run this again.",
        file.string(), failure.what()));
  } catch (const DamagedArchive& damage) {
    const ModelFileKind kind = model_file_kind(file);
    if (kind != ModelFileKind::kTorchScript) explain_unreadable(file, "");
    throw ModelError(fmt::format("{}: {}. Copy it again from where it came, or export it again.",
                                 file.string(), damage.what()));
  }
}

Archive read_trained_model(const std::filesystem::path& file, const Trust& trust) {
  Archive archive = read_archive(file, trust);
  if (!archive.metadata || archive.metadata->kind != ModelKind::kClassifier ||
      archive.metadata->classes.empty()) {
    throw ModelError(fmt::format(
        "{}: holds no class names, so it is not a model that `transfer` trained. Expected a run "
        "directory or its model.pt.",
        file.string()));
  }
  remove_image_methods(archive.module);
  return archive;
}

void write_archive(const torch::jit::Module& module, const ModelMetadata& metadata,
                   const std::filesystem::path& file, const ArchiveCheck& check,
                   const std::optional<KnownImages>& known) {
  // Through memory, since LibTorch's file writer ends the process when the disk is full. Nothing is
  // held longer than it is needed: each of these is as large as the network.
  std::ostringstream written(room_for(module));
  {
    std::stringstream draft(room_for(module));
    module.save(draft);
    const auto named = with_lasting_names(read_back(draft, file));
    draft = std::stringstream();
    torch::jit::ExtraFilesMap files = {{kMetadataFile, to_json(metadata)}};
    if (known) files[kKnownImagesFile] = known_images_bytes(*known);
    named.save(written, files);
  }
  std::stringstream archive(std::move(written).str());
  if (check) {
    auto reloaded = read_back(archive, file);
    reloaded.eval();
    check(reloaded);
  }
  write_file_atomically(file, archive.view());
}

}  // namespace transfer
