#include "models/image_methods.h"

#include <fmt/format.h>
#include <torch/csrc/jit/api/function_impl.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "models/image_preprocessing.h"
#include "models/module_graphs.h"

namespace transfer {
namespace {

using torch::jit::Module;

constexpr std::array<std::string_view, 2> kMethods = {"preprocess", "classify"};
constexpr std::array<std::string_view, 2> kAttributes = {"classes", "preprocessing"};

constexpr const char* kPreprocess = R"(
def preprocess(self, image: Tensor) -> Tensor:
    return self.preprocessing.forward(image)
)";

/// The two `{}` are a weight of the network and the order of the outputs.
constexpr const char* kClassify = R"(
def classify(self, image: Tensor) -> List[Tuple[str, float]]:
    x = self.preprocess(image).to(self.{}.device)
    outputs = self.predict(x)[0]
    numbers: List[float] = outputs.tolist()
    order: List[int] = {}.tolist()
    result: List[Tuple[str, float]] = []
    for i in order:
        result.append((self.classes[i], numbers[i]))
    return result
)";

const char* order_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass:
    case TargetKind::kLabels: return "torch.argsort(outputs, stable=True, descending=True)";
    case TargetKind::kValues: break;
  }
  return "torch.arange(len(numbers))";
}

/// A name as transfer.json has it: what is not UTF-8, which Python could not read, is replaced.
std::string repaired(const std::string& name) {
  using nlohmann::json;
  return json::parse(json(name).dump(-1, ' ', false, json::error_handler_t::replace))
      .get<std::string>();
}

template <typename Names>
bool is_among(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether another method of the class needs them: not in a file that this program wrote.
bool are_needed(const c10::ClassTypePtr& type) {
  bool found = false;
  for (auto* method : type->methods()) {
    auto* function = torch::jit::tryToGraphFunction(*method);
    if (function == nullptr || is_among(kMethods, method->name())) continue;
    for_each_node(function->graph()->block(), [&](torch::jit::Node* node) {
      const bool is_read = node->kind() == c10::prim::GetAttr || node->kind() == c10::prim::SetAttr;
      if (!is_read && node->kind() != c10::prim::CallMethod) return;
      const std::string& name = node->s(c10::attr::name);
      found = found || is_among(kMethods, name) || is_among(kAttributes, name);
    });
  }
  return found;
}

}  // namespace

void add_image_methods(Module& whole, const ModelMetadata& metadata) {
  c10::List<std::string> classes;
  for (const std::string& name : metadata.classes) classes.push_back(repaired(name));
  whole.register_attribute("classes", c10::ListType::ofStrings(), classes);
  whole.register_module("preprocessing", preprocessing_module(metadata.preprocessing,
                                                              whole._ivalue()->compilation_unit()));
  whole.define(kPreprocess);
  const char* weight = metadata.members.empty() ? "head.weight" : "member0.model.head.weight";
  whole.define(
      fmt::format(fmt::runtime(kClassify), weight, order_of(metadata.objective.targets())));
}

void remove_image_methods(Module& whole) {
  const auto type = whole.type();
  if (are_needed(type)) return;
  for (const std::string_view method : kMethods) {
    const std::string name(method);
    if (!whole.find_method(name)) continue;
    type->unsafeRemoveMethod(name);
    whole._ivalue()->compilation_unit()->unsafeRemoveMethod(
        c10::QualifiedName(*type->name(), name));
  }
  for (const std::string_view attribute : kAttributes) {
    const std::string name(attribute);
    if (!type->hasAttribute(name)) continue;
    whole._ivalue()->unsafeRemoveAttr(name);
    type->unsafeRemoveAttribute(name);
  }
}

}  // namespace transfer
