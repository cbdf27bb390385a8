#include "models/map_places.h"

#include <fmt/format.h>

namespace transfer {

using torch::jit::Module;

std::optional<Module> module_at(const Module& root, const std::string& path) {
  for (const auto& entry : root.named_modules()) {
    if (entry.name == path) return entry.value;
  }
  return std::nullopt;
}

namespace {

/// The names of a module's children in front of `end`, or all, the last first.
std::vector<std::string> children_of(const Module& module, const std::string& end = "") {
  std::vector<std::string> names;
  for (const auto& child : module.named_children()) {
    if (child.name == end) break;
    names.insert(names.begin(), child.name);
  }
  return names;
}

/// Places in front of a stage's end that are no stages themselves, the last first: the modules
/// inside it, then those beside it that run before.
std::vector<std::string> places_before(const Module& root, const std::string& stage) {
  std::vector<std::string> places;
  for (const std::string& name : children_of(*module_at(root, stage))) {
    places.push_back(fmt::format("{}.{}", stage, name));
  }
  const auto dot = stage.rfind('.');
  const std::string parent = dot == std::string::npos ? "" : stage.substr(0, dot);
  const std::string own = dot == std::string::npos ? stage : stage.substr(dot + 1);
  for (const std::string& name :
       children_of(parent.empty() ? root : *module_at(root, parent), own)) {
    places.push_back(parent.empty() ? name : fmt::format("{}.{}", parent, name));
  }
  return places;
}

}  // namespace

std::vector<std::string> places_for_maps(const Module& root,
                                         const std::vector<std::string>& stages) {
  std::vector<std::string> places(stages.rbegin(), stages.rend());
  const auto around = places_before(root, stages.back());
  places.insert(places.begin() + 1, around.begin(), around.end());
  return places;
}

}  // namespace transfer
