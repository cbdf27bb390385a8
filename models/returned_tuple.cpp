#include "models/returned_tuple.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/errors.h"
#include "models/classifier_layer.h"
#include "models/graph_outputs.h"
#include "models/surgery.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Module;
using torch::jit::Value;

namespace {

/// A tensor of the tuple that ends in a classifier.
struct ClassifiedElement {
  std::size_t position = 0;
  std::string classifier;
  std::vector<std::string> tensors_read;
};

std::vector<std::size_t> tensor_positions(const c10::TupleType& type) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < type.elements().size(); ++i) {
    if (type.elements()[i]->kind() == c10::TypeKind::TensorType) positions.push_back(i);
  }
  return positions;
}

std::optional<std::size_t> position_of_name(const c10::TupleType& type, const std::string& name) {
  const auto& schema = type.schema();
  if (!schema) return std::nullopt;
  for (std::size_t i = 0; i < schema->arguments().size(); ++i) {
    if (schema->arguments()[i].name() == name) return i;
  }
  return std::nullopt;
}

std::optional<ClassifiedElement> classified(const std::shared_ptr<Graph>& graph,
                                            const Module& module, std::size_t position,
                                            const std::string& file) {
  auto part = graph->copy();
  Value* tuple = part->outputs()[0];
  Value* element =
      tuple->node()->kind() == c10::prim::TupleConstruct
          ? tuple->node()->inputs()[position]
          : part->createTupleUnpack(tuple)->insertAfter(tuple->node())->outputs()[position];
  end_at(*part, element);
  remove_unused(part);
  auto read = tensors_read_by(part);
  try {
    const auto layer = classifier_of(part, module, file);
    if (layer.kind == ClassifierKind::kNone) return std::nullopt;
    return ClassifiedElement{position, layer.path, std::move(read)};
  } catch (const ModelError&) {
    return std::nullopt;  // a classifier inside a branch; another element may do
  }
}

/// Whether `other` is computed with the classifier of `element`, which is then not its last one.
bool is_computed_from(const ClassifiedElement& other, const ClassifiedElement& element) {
  return other.classifier != element.classifier &&
         std::any_of(
             other.tensors_read.begin(), other.tensors_read.end(),
             [&](const std::string& path) { return path.starts_with(element.classifier + "."); });
}

}  // namespace

std::size_t logits_position(const std::shared_ptr<Graph>& graph, const Module& module,
                            const std::string& file, std::string* remark) {
  const auto type = graph->outputs()[0]->type()->expect<c10::TupleType>();
  if (const auto named = position_of_name(*type, "logits")) return *named;
  const auto tensors = tensor_positions(*type);
  if (tensors.empty()) {
    throw ModelError(fmt::format(
        "{}: forward returns {}, which holds no tensor. Expected logits [N, classes], or a tuple "
        "that holds them; export the model with a forward that returns them.",
        file, type->annotation_str()));
  }
  if (tensors.size() == 1) return tensors.front();
  std::vector<ClassifiedElement> elements;
  for (const std::size_t position : tensors) {
    if (auto found = classified(graph, module, position, file)) elements.push_back(*found);
  }
  for (const auto& element : elements) {
    const bool is_last = std::none_of(elements.begin(), elements.end(), [&](const auto& other) {
      return is_computed_from(other, element);
    });
    if (!is_last) continue;
    if (remark != nullptr) {
      *remark = fmt::format(
          "forward returns {}; element {}, which ends in the classifier '{}', is taken for the "
          "logits",
          type->annotation_str(), element.position, element.classifier);
    }
    return element.position;
  }
  throw ModelError(fmt::format(
      "{}: forward returns {}, and none of these tensors ends in a classifier (a linear layer or a "
      "1x1 convolution). Export the model with a forward that returns the logits alone, or the "
      "features alone.",
      file, type->annotation_str()));
}

}  // namespace transfer
