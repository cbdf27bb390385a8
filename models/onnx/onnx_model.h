#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace transfer {

/// The versions that files are written in, old ones, which many programs read.
inline constexpr std::int64_t kOnnxOpset = 13;
inline constexpr std::int64_t kOnnxFormat = 7;

struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>> value;
};

struct OnnxNode {
  std::string type;
  /// Unique within the model.
  std::string name;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;
};

/// A constant of the graph. Types: float32, int64.
struct OnnxTensor {
  std::string name;
  torch::Tensor values;
};

/// An input or output of the model. Its first dimension is the number of images, named `batch`.
struct OnnxPort {
  std::string name;
  /// float32 or uint8.
  torch::ScalarType type = torch::kFloat;
  /// Without the first dimension.
  std::vector<std::int64_t> shape;
};

/// What an ONNX file holds, as far as this program writes it (onnx.proto of ONNX 1.8).
struct OnnxModel {
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> constants;
  OnnxPort input;
  OnnxPort output;
  /// The file's metadata_props.
  std::map<std::string, std::string> metadata;
};

/// The bytes of the ONNX file. Throws ModelError where they are more than protobuf's 2 GB.
std::string to_bytes(const OnnxModel& model);

}  // namespace transfer
