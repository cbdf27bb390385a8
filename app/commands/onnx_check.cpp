#include "app/commands/onnx_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/batch/slurm/command_output.h"
#include "app/preparation/python_environment.h"
#include "core/atomic_file.h"
#include "core/errors.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

/// Exit status of the script without ONNX Runtime.
constexpr int kNoEngine = 77;

constexpr const char* kScript = R"(
import sys
try:
    import numpy
    import onnxruntime
except ImportError:
    sys.exit(77)
folder, dtype, *shape = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(folder + "/model.onnx", options, providers=["CPUExecutionProvider"])
images = numpy.fromfile(folder + "/images", dtype).reshape([int(size) for size in shape])
name = session.get_inputs()[0].name
for batch in [images] + [images[i : i + 1] for i in range(len(images))]:
    with open(folder + "/outputs", "ab") as file:
        file.write(session.run(None, {name: batch})[0].tobytes())
print("ONNX Runtime", onnxruntime.__version__, end="")
)";

/// A folder of its own among the system's temporary files, removed at the end.
class CheckFolder {
 public:
  CheckFolder() {
    std::string pattern = (fs::temp_directory_path() / "transfer-onnx-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw OutputError(fmt::format(
          "{}: cannot be made: {}. The check of the ONNX file needs it; set TMPDIR to a folder "
          "that can be written.",
          pattern, std::strerror(errno)));
    }
    path_ = pattern;
  }
  ~CheckFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  CheckFolder(const CheckFolder&) = delete;
  CheckFolder& operator=(const CheckFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string_view bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

double largest_difference(const torch::Tensor& expected, const torch::Tensor& found) {
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  return (expected - found).abs().max().item<double>() / scale;
}

/// Outputs of all images, then of each alone: [2N,classes].
torch::Tensor read_outputs(const fs::path& file, const torch::Tensor& expected) {
  const std::string bytes = read_file(file);
  if (bytes.size() != 2 * expected.nbytes()) {
    throw ModelError(fmt::format(
        "the ONNX file gives {} bytes of outputs where {} were expected, so it was not written.",
        bytes.size(), 2 * expected.nbytes()));
  }
  torch::Tensor found = torch::empty({2 * expected.size(0), expected.size(1)});
  std::memcpy(found.mutable_data_ptr(), bytes.data(), bytes.size());
  return found;
}

std::optional<std::string> run_engine(const std::string& python, const OnnxExport& exported,
                                      const fs::path& folder) {
  std::vector<std::string> arguments = {
      python, "-c", kScript, folder.string(),
      exported.images.scalar_type() == torch::kByte ? "uint8" : "float32"};
  for (const std::int64_t size : exported.images.sizes()) {
    arguments.push_back(std::to_string(size));
  }
  CommandOptions options;
  options.seconds = 600;
  CommandOutput output;
  try {
    output = run_command(arguments, options);
  } catch (const MissingProgram&) {
    return {};
  }
  if (output.status == kNoEngine) return {};
  if (output.status == 0) return output.out;
  throw ModelError(fmt::format("ONNX Runtime does not run the file, so it was not written: {}",
                               output.err.substr(0, 2000)));
}

}  // namespace

std::optional<OnnxCheck> check_onnx(const OnnxExport& exported) {
  const CheckFolder folder;
  write_file_atomically(folder.path() / "model.onnx", exported.bytes);
  write_file_atomically(folder.path() / "images", bytes_of(exported.images));
  for (const std::string& python : {find_python().interpreter.string(), std::string("python3")}) {
    if (python.empty()) continue;
    const auto engine = run_engine(python, exported, folder.path());
    if (!engine) continue;
    const torch::Tensor expected = exported.outputs.contiguous();
    OnnxCheck check{*engine, largest_difference(torch::cat({expected, expected}),
                                                read_outputs(folder.path() / "outputs", expected))};
    if (check.difference <= kOnnxTolerance) return check;
    throw ModelError(fmt::format(
        "the ONNX file computes other outputs than the model: they differ by {:.2g}, and at most "
        "{} is allowed. Nothing was written. Please report it with the backbone's name.",
        check.difference, kOnnxTolerance));
  }
  return {};
}

}  // namespace transfer
