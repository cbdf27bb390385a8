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

/// Says what a file is that TorchScript could not load.
[[noreturn]] void explain_unreadable(const std::filesystem::path& file, const std::string& error) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) {
    throw ModelError(fmt::format("{}: cannot be read: {}.", file.string(), std::strerror(errno)));
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
  std::string what = "it is no TorchScript archive";
  if (size == 0) what = "it is empty";
  if (is_zip && !is_complete) what = "it is truncated: the end of the archive is missing";
  if (is_zip && is_complete && tail.find("constants.pkl") == std::string::npos) {
    what = "it holds weights only (a state dict saved by torch.save), not a network";
  }
  const bool is_torchscript = tail.find("constants.pkl") != std::string::npos;
  if (is_zip && is_complete && is_torchscript) {
    // What optimize_for_inference writes: packed weights, which no LibTorch reads back.
    const bool is_optimized = error.find("attribute 'value' is undefined") != std::string::npos ||
                              error.find("mkldnn") != std::string::npos ||
                              error.find("prepacked") != std::string::npos;
    if (is_optimized) {
      throw ModelError(fmt::format(
          "{}: its weights are constants packed for one machine, as "
          "torch.jit.optimize_for_inference leaves them, and cannot be loaded. Save the module as "
          "it was before freezing.",
          file.string()));
    }
    what = "LibTorch cannot load it (" + error.substr(0, error.find('\n')) + ")";
  }
  throw ModelError(
      fmt::format("{}: {}. Expected a TorchScript file, as written by torch.jit.save or by "
                  "models/export/export.py; export or copy it again.",
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
      throw ModelError(fmt::format("{}: is a folder, expected a TorchScript file.", file.string()));
    case FileKind::kOther:
      throw ModelError(
          fmt::format("{}: is no regular file, expected a TorchScript file.", file.string()));
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
  // By way of memory: LibTorch's file writer ends the process when the disk is full.
  std::ostringstream archive;
  module.save(archive, {{kMetadataFile, to_json(metadata)}});
  write_file_atomically(file, archive.view());
}

}  // namespace transfer
