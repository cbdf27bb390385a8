#include "models/autocast.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "models/module_graphs.h"

namespace transfer {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

namespace {

bool enters_autocast(const Node* node) {
  const bool is_context = node->kind() == c10::prim::Enter || node->kind() == c10::prim::Exit;
  return is_context && node->input(0)->type()->repr_str().find("autocast") != std::string::npos;
}

/// Removes an object that only its own construction uses.
void remove_object(Value* object) {
  std::set<Node*> users;
  for (const auto& use : object->uses()) users.insert(use.user);
  const bool is_unused = std::all_of(users.begin(), users.end(), [object](const Node* user) {
    const auto outputs = user->outputs();
    return (user->kind() == c10::prim::SetAttr || user->kind() == c10::prim::CallMethod) &&
           user->input(0) == object &&
           std::none_of(outputs.begin(), outputs.end(),
                        [](const Value* output) { return output->hasUses(); });
  });
  if (!is_unused) return;
  for (Node* user : users) user->destroy();
  if (object->node()->kind() == c10::prim::CreateObject) object->node()->destroy();
}

}  // namespace

bool remove_autocast(const torch::jit::Module& module) {
  bool found = false;
  for_each_graph(module, [&found](Graph& graph) {
    std::vector<Node*> contexts;
    for_each_node(graph.block(), [&contexts](Node* node) {
      const auto outputs = node->outputs();
      const bool is_used = std::any_of(outputs.begin(), outputs.end(),
                                       [](const Value* output) { return output->hasUses(); });
      if (enters_autocast(node) && !is_used) contexts.push_back(node);
    });
    std::set<Value*> objects;
    for (Node* context : contexts) {
      objects.insert(context->input(0));
      context->destroy();
    }
    for (Value* object : objects) remove_object(object);
    found |= !contexts.empty();
  });
  return found;
}

}  // namespace transfer
