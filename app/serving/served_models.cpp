#include "app/serving/served_models.h"

#include <exception>
#include <utility>

#include "core/atomic_file.h"
#include "core/hash.h"
#include "core/messages.h"

namespace transfer {

ServedModels::ServedModels(const std::vector<ModelSource>& sources, ModelSettings settings)
    : settings_(std::move(settings)) {
  for (const ModelSource& source : sources) {
    models_.push_back(std::make_shared<const ServedModel>(source, settings_));
  }
  settings_.trust.ask = {};  // nobody sits at the terminal later
}

std::shared_ptr<const ServedModel> ServedModels::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& model : models_) {
    if (name.empty() || model->source().name == name) return model;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const ServedModel>> ServedModels::all() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

std::vector<std::string> ServedModels::names() const {
  std::vector<std::string> names;
  for (const auto& model : all()) names.push_back(model->source().name);
  return names;
}

void ServedModels::reload(ServingMetrics& metrics) {
  bool has_changed = false;
  const auto current = all();
  for (std::size_t i = 0; i < current.size(); ++i) {
    const ModelSource& source = current[i]->source();
    try {
      if (sha256_hex(read_file(source.file)) == current[i]->sha256()) continue;
      has_changed = true;
      auto loaded = std::make_shared<const ServedModel>(source, settings_);
      const std::lock_guard lock(mutex_);
      models_[i] = std::move(loaded);
    } catch (const std::exception& error) {
      // A server that runs does not end for a file that somebody copied halfway.
      has_changed = true;
      metrics.add_reload(/*has_failed=*/true);
      warn("{}: the former model stays: {}", source.name, error.what());
      continue;
    }
    metrics.add_reload(/*has_failed=*/false);
    note("{}: loaded the new {}", source.name, source.file.string());
  }
  if (!has_changed) note("no model's file has changed");
}

}  // namespace transfer
