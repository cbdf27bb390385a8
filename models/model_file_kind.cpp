#include "models/model_file_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "core/lower_case.h"
#include "core/shell_word.h"
#include "models/backbone_names.h"

namespace transfer {
namespace {

/// Beginning and end of a file. A zip archive lists its entries at the end.
struct FileEnds {
  std::string head;
  std::string tail;
  bool is_readable = false;
};

FileEnds read_ends(const std::filesystem::path& file) {
  constexpr std::size_t kHead = 1 << 16;
  constexpr std::size_t kTail = 1 << 20;
  FileEnds ends;
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return ends;
  const auto size = static_cast<std::size_t>(stream.tellg());
  ends.head.resize(std::min(size, kHead));
  stream.seekg(0);
  stream.read(ends.head.data(), static_cast<std::streamsize>(ends.head.size()));
  ends.tail.resize(std::min(size, kTail));
  stream.seekg(static_cast<std::streamoff>(size - ends.tail.size()));
  stream.read(ends.tail.data(), static_cast<std::streamsize>(ends.tail.size()));
  ends.is_readable = static_cast<bool>(stream);
  return ends;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A state dict names no class but its own container and the function that rebuilds tensors.
bool pickles_a_module(const std::string& pickle) {
  return holds(pickle, "torch.nn.modules") || holds(pickle, "_modules") ||
         holds(pickle, "_backward_hooks");
}

/// Whether the pickle in a zip archive of torch.save begins with a dict.
bool pickles_a_dict(const std::string& head) {
  const std::string begin("\x80\x02", 2);
  const auto found = head.find(begin);
  if (found == std::string::npos) return true;  // another protocol
  const std::string pickle = head.substr(found + begin.size(), 40);
  return pickle.starts_with("}") || pickle.starts_with("ccollections\n");
}

ModelFileKind kind_of_zip(const FileEnds& ends) {
  if (!holds(ends.tail, "PK\x05\x06")) return ModelFileKind::kTruncated;
  if (holds(ends.tail, "constants.pkl")) return ModelFileKind::kTorchScript;
  if (holds(ends.tail, "model.weights.h5")) return ModelFileKind::kKeras;
  const bool is_exported = holds(ends.tail, "models/model.json") ||
                           holds(ends.tail, "serialized_exported_program.json") ||
                           holds(ends.tail, "archive_format");
  if (is_exported) return ModelFileKind::kExported;
  if (!holds(ends.tail, "data.pkl")) return ModelFileKind::kOther;
  if (pickles_a_module(ends.head)) return ModelFileKind::kPickledModule;
  return pickles_a_dict(ends.head) ? ModelFileKind::kStateDict : ModelFileKind::kSavedValue;
}

/// Whether a text begins like a web page, in whatever case.
bool is_web_page(const std::string& head) {
  std::string begin = lower_case(head.substr(0, 512));
  const auto first = begin.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return false;
  begin = begin.substr(first);
  return begin.starts_with("<!doctype html") || begin.starts_with("<html");
}

bool is_safetensors(const FileEnds& ends) {
  return ends.head.size() > 9 && ends.head[8] == '{' && holds(ends.head, "\"dtype\"");
}

/// A protobuf message that begins with the version of ONNX (field 1) and names a producer or graph.
bool is_onnx(const FileEnds& ends, const std::filesystem::path& file) {
  if (ends.head.size() < 4 || ends.head[0] != '\x08') return false;
  const bool has_next_field = ends.head[2] == '\x12' || ends.head[2] == ':' || ends.head[2] == 'B';
  return file.extension() == ".onnx" || (has_next_field && ends.head[1] > 0 && ends.head[1] < 32);
}

/// The exporter's name of the network whose weights a file holds, as far as the names of downloads
/// such as resnet50-11ad3fa6.pth tell.
std::string architecture_of(const std::filesystem::path& weights) {
  const std::string stem = weights.stem().string();
  const std::string name = stem.substr(0, stem.find('-'));
  return "torchvision:" + (is_torchvision_architecture(name) ? name : std::string("ARCHITECTURE"));
}

}  // namespace

ModelFileKind model_file_kind(const std::filesystem::path& file) {
  const FileEnds ends = read_ends(file);
  if (!ends.is_readable) return ModelFileKind::kUnreadable;
  if (ends.head.empty()) return ModelFileKind::kEmpty;
  if (ends.head.starts_with("PK\x03\x04")) return kind_of_zip(ends);
  if (ends.head.starts_with("version https://git-lfs")) return ModelFileKind::kLfsPointer;
  if (is_web_page(ends.head)) return ModelFileKind::kWebPage;
  if (ends.head.starts_with("\x1f\x8b")) return ModelFileKind::kGzip;
  if (ends.head.starts_with("\x89HDF\r\n")) return ModelFileKind::kKeras;
  if (is_safetensors(ends)) return ModelFileKind::kSafetensors;
  if (ends.head.size() > 8 && ends.head.substr(4, 4) == "TFL3") {
    return ModelFileKind::kTensorFlowLite;
  }
  // The magic number of torch.save before its files were zip archives.
  if (holds(ends.head.substr(0, 32), "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")) {
    return pickles_a_module(ends.head) ? ModelFileKind::kPickledModule : ModelFileKind::kStateDict;
  }
  return is_onnx(ends, file) ? ModelFileKind::kOnnx : ModelFileKind::kOther;
}

std::string describe_foreign(ModelFileKind kind, const std::filesystem::path& file) {
  const std::string name = file.string();
  const std::string trace =
      "torch.jit.trace(model.eval(), torch.zeros(2, 3, 224, 224)).save('network.pt')";
  switch (kind) {
    case ModelFileKind::kUnreadable:
      return fmt::format("cannot be read: {}. Check its permissions.", std::strerror(errno));
    case ModelFileKind::kEmpty: return "the file is empty. Export or copy it again.";
    case ModelFileKind::kTruncated:
      return "the file is truncated: the end of the archive is missing. Copy it again.";
    case ModelFileKind::kExported:
      return fmt::format(
          "is a program of torch.export (.pt2), not TorchScript. Convert it in Python: model = "
          "torch.export.load('{}').module(); torch.jit.trace(model, torch.zeros(2, 3, 224, 224), "
          "check_trace=False).save('network.pt'), with the batch for which it was exported; or "
          "save the network itself: torch.jit.script(model.eval()).save('network.pt').",
          name);
    case ModelFileKind::kPickledModule:
      return fmt::format(
          "is a Python module pickled by torch.save, not TorchScript. Convert it in Python, where "
          "its classes can be imported: model = torch.load('{}', weights_only=False); "
          "torch.jit.script(model.eval()).save('network.pt').",
          name);
    case ModelFileKind::kStateDict:
      return fmt::format(
          "holds only weights (a state dict saved by torch.save), not a network. Export the "
          "network with them: transfer backbones --export {} --weights {} --name NAME, or in "
          "Python: model.load_state_dict(torch.load('{}')); "
          "torch.jit.script(model.eval()).save('network.pt').",
          architecture_of(file), shell_word(name), name);
    case ModelFileKind::kSavedValue:
      return "holds a value saved by torch.save (a tensor or a list), not a network. Expected a "
             "TorchScript file: torch.jit.script(model.eval()).save('network.pt').";
    case ModelFileKind::kLfsPointer:
      return "is a pointer of Git LFS, not the network itself. Fetch the file: git lfs pull.";
    case ModelFileKind::kWebPage:
      return "is a web page, not a network: the download returned a page. Download the file "
             "itself.";
    case ModelFileKind::kGzip:
      return fmt::format(
          "is compressed with gzip. Unpack it first: gunzip -c {} > network.pt, or tar -xzf {} for "
          "an archive of several files.",
          name, name);
    case ModelFileKind::kKeras:
      return fmt::format(
          "is a Keras model, not TorchScript. Convert it by way of ONNX: python -m tf2onnx.convert "
          "--keras {} --output network.onnx, then in Python: model = "
          "onnx2torch.convert('network.onnx'); {}.",
          name, trace);
    case ModelFileKind::kOnnx:
      return fmt::format(
          "is an ONNX model, not TorchScript. Convert it in Python: model = "
          "onnx2torch.convert('{}'); {}.",
          name, trace);
    case ModelFileKind::kSafetensors:
      return fmt::format(
          "holds only weights (safetensors), not a network. Export the network with them: transfer "
          "backbones --export timm:ARCHITECTURE --weights {} --name NAME, or in Python: "
          "model.load_state_dict(safetensors.torch.load_file('{}')); "
          "torch.jit.script(model.eval()).save('network.pt').",
          shell_word(name), name);
    case ModelFileKind::kTensorFlowLite:
      return fmt::format(
          "is a TensorFlow Lite model, not TorchScript. Convert it by way of ONNX: python -m "
          "tf2onnx.convert --tflite {} --output network.onnx, then in Python: model = "
          "onnx2torch.convert('network.onnx'); {}.",
          name, trace);
    case ModelFileKind::kOther:
      return "not a TorchScript archive. Expected a file that torch.jit.save or `transfer "
             "backbones --export` writes; export or copy it again.";
    case ModelFileKind::kTorchScript: break;
  }
  throw std::logic_error("TorchScript is not foreign");
}

std::string missing_operator(const std::string& error) {
  for (const auto& [mark, what] :
       {std::pair<std::string, std::string>{"Unknown builtin op: ", "the operator "},
        {"__torch__.torch.classes.", "the class "},
        {"Unknown custom class type ", "the class "}}) {
    const auto found = error.find(mark);
    if (found == std::string::npos) continue;
    const auto begin = found + mark.size();
    const auto end = error.find_first_of(" \n'\",()", begin);
    std::string name = error.substr(begin, end - begin);
    while (!name.empty() && (name.back() == '.' || name.back() == ':')) name.pop_back();
    return what + name;
  }
  return "";
}

}  // namespace transfer
