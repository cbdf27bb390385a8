#include "models/onnx/onnx_model.h"

#include <fmt/format.h>

#include <limits>

#include "core/errors.h"
#include "models/onnx/protobuf_message.h"

namespace transfer {
namespace {

// Numbers of fields and types as onnx.proto gives them.
enum class OnnxType : std::int64_t { kFloat = 1, kByte = 2, kInt64 = 7 };

OnnxType onnx_type(torch::ScalarType type) {
  if (type == torch::kLong) return OnnxType::kInt64;
  return type == torch::kByte ? OnnxType::kByte : OnnxType::kFloat;
}

std::string message_of(const OnnxAttribute& attribute) {
  enum AttributeType { kFloat = 1, kInteger = 2, kString = 3, kIntegers = 7 };
  ProtobufMessage message;
  message.add_bytes(1, attribute.name);
  AttributeType type = kInteger;
  if (const auto* number = std::get_if<float>(&attribute.value)) {
    message.add_float(2, *number);
    type = kFloat;
  } else if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    message.add_integer(3, *integer);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    message.add_bytes(4, *text);
    type = kString;
  } else {
    for (const std::int64_t each : std::get<std::vector<std::int64_t>>(attribute.value)) {
      message.add_integer(8, each);
    }
    type = kIntegers;
  }
  message.add_integer(20, type);
  return message.bytes();
}

std::string message_of(const OnnxNode& node) {
  ProtobufMessage message;
  for (const std::string& input : node.inputs) message.add_bytes(1, input);
  for (const std::string& output : node.outputs) message.add_bytes(2, output);
  message.add_bytes(3, node.name);
  message.add_bytes(4, node.type);
  for (const OnnxAttribute& attribute : node.attributes) {
    message.add_bytes(5, message_of(attribute));
  }
  return message.bytes();
}

std::string message_of(const OnnxTensor& tensor) {
  ProtobufMessage message;
  for (const std::int64_t size : tensor.values.sizes()) message.add_integer(1, size);
  message.add_integer(2, static_cast<std::int64_t>(onnx_type(tensor.values.scalar_type())));
  message.add_bytes(8, tensor.name);
  const torch::Tensor values = tensor.values.contiguous();
  message.add_bytes(9, {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  return message.bytes();
}

std::string message_of(const OnnxPort& port) {
  ProtobufMessage shape;
  ProtobufMessage batch;
  batch.add_bytes(2, "batch");
  shape.add_bytes(1, batch.bytes());
  for (const std::int64_t size : port.shape) {
    ProtobufMessage dimension;
    dimension.add_integer(1, size);
    shape.add_bytes(1, dimension.bytes());
  }
  ProtobufMessage tensor;
  tensor.add_integer(1, static_cast<std::int64_t>(onnx_type(port.type)));
  tensor.add_bytes(2, shape.bytes());
  ProtobufMessage type;
  type.add_bytes(1, tensor.bytes());
  ProtobufMessage message;
  message.add_bytes(1, port.name);
  message.add_bytes(2, type.bytes());
  return message.bytes();
}

/// Before the bytes are made, so that a huge model takes no memory twice.
void require_size_of_protobuf(const OnnxModel& model) {
  constexpr std::size_t kLargest = std::numeric_limits<std::int32_t>::max();
  constexpr std::size_t kForGraph = std::size_t{1} << 24;
  std::size_t bytes = kForGraph;
  for (const OnnxTensor& tensor : model.constants) bytes += tensor.values.nbytes();
  if (bytes <= kLargest) return;
  throw ModelError(fmt::format(
      "the weights take {:.1f} GB, and an ONNX file holds at most 2 GB, the limit of protobuf. "
      "Train a smaller backbone.",
      static_cast<double>(bytes) / 1e9));
}

}  // namespace

std::string to_bytes(const OnnxModel& model) {
  require_size_of_protobuf(model);
  ProtobufMessage graph;
  for (const OnnxNode& node : model.nodes) graph.add_bytes(1, message_of(node));
  graph.add_bytes(2, "transfer");
  for (const OnnxTensor& tensor : model.constants) graph.add_bytes(5, message_of(tensor));
  graph.add_bytes(11, message_of(model.input));
  graph.add_bytes(12, message_of(model.output));
  ProtobufMessage opset;
  opset.add_bytes(1, "");
  opset.add_integer(2, kOnnxOpset);
  ProtobufMessage message;
  message.add_integer(1, kOnnxFormat);
  message.add_bytes(2, "transfer");
  message.add_bytes(3, TRANSFER_VERSION);
  message.add_bytes(7, graph.bytes());
  message.add_bytes(8, opset.bytes());
  for (const auto& [key, value] : model.metadata) {
    ProtobufMessage entry;
    entry.add_bytes(1, key);
    entry.add_bytes(2, value);
    message.add_bytes(14, entry.bytes());
  }
  return message.bytes();
}

}  // namespace transfer
