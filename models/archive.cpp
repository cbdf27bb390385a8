#include "models/archive.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {
namespace {

constexpr const char* kMetadataFile = "transfer.json";

/// Throws the ModelError for a file that LibTorch could not load: what the file is, and the remedy.
[[noreturn]] void explain_unreadable(const std::filesystem::path& file, const std::string& error) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) {
    throw ModelError(fmt::format("{}: cannot be read: {}. Check its permissions.", file.string(),
                                 std::strerror(errno)));
  }
  const auto size = static_cast<std::size_t>(stream.tellg());
  std::string head(std::min<std::size_t>(size, 4096), '\0');
  stream.seekg(0);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  std::string tail(std::min<std::size_t>(size, 65557), '\0');
  stream.seekg(static_cast<std::streamoff>(size - tail.size()));
  stream.read(tail.data(), static_cast<std::streamsize>(tail.size()));

  const bool is_zip = head.starts_with("PK\x03\x04");
  const bool is_complete = tail.find("PK\x05\x06") != std::string::npos;
  std::string what = "not a TorchScript archive";
  if (size == 0) what = "the file is empty";
  if (is_zip && !is_complete) what = "the file is truncated: the end of the archive is missing";
  if (is_zip && is_complete && tail.find("constants.pkl") == std::string::npos) {
    what = "holds only weights (a state dict saved by torch.save), not a network";
  }
  const bool is_torchscript = tail.find("constants.pkl") != std::string::npos;
  if (is_zip && is_complete && is_torchscript) {
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
    what = "LibTorch cannot load it (" + error.substr(0, error.find('\n')) + ")";
  }
  throw ModelError(
      fmt::format("{}: {}. Expected a TorchScript file, as torch.jit.save or "
                  "models/export/export.py writes it; export or copy it again.",
                  file.string(), what));
}

}  // namespace

Archive read_archive(const std::filesystem::path& file) {
  switch (file_kind(file)) {
    case FileKind::kRegularFile: break;
    case FileKind::kNothing:
      throw ModelError(fmt::format("{}: {}. Expected a TorchScript model.", file.string(),
                                   why_absent(file, "file")));
    case FileKind::kFolder:
      throw ModelError(fmt::format("{}: is a folder. Expected a TorchScript file.", file.string()));
    case FileKind::kOther:
      throw ModelError(
          fmt::format("{}: is not a regular file. Expected a TorchScript file.", file.string()));
  }
  Archive archive;
  torch::jit::ExtraFilesMap extra_files{{kMetadataFile, ""}};
  try {
    archive.module = torch::jit::load(file.string(), torch::kCPU, extra_files);
  } catch (const c10::Error& error) {
    explain_unreadable(file, error.what_without_backtrace());
  } catch (const std::exception& error) {
    explain_unreadable(file, error.what());
  }
  archive.module.eval();
  const std::string& text = extra_files.at(kMetadataFile);
  if (!text.empty()) archive.metadata = parse_metadata(text, file.string());
  return archive;
}

void write_archive(const torch::jit::Module& module, const ModelMetadata& metadata,
                   const std::filesystem::path& file) {
  // Through memory, since LibTorch's file writer ends the process when the disk is full.
  std::ostringstream archive;
  module.save(archive, {{kMetadataFile, to_json(metadata)}});
  write_file_atomically(file, archive.view());
}

}  // namespace transfer
