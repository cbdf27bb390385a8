#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/serving/served_model.h"
#include "app/serving/serving_metrics.h"

namespace transfer {

/// The models of a server, by name. Thread-safe.
class ServedModels {
 public:
  /// Loads all of them. Throws what ServedModel does.
  ServedModels(const std::vector<ModelSource>& sources, ModelSettings settings);

  /// The model of that name, or the first for "". nullptr where there is none.
  std::shared_ptr<const ServedModel> find(const std::string& name) const;
  std::vector<std::shared_ptr<const ServedModel>> all() const;
  std::vector<std::string> names() const;

  /// Loads each model anew whose file has changed, counts it and says so. Where a file cannot be
  /// used, the former model stays. Those that hold a former model finish with it. One thread at a
  /// time.
  void reload(ServingMetrics& metrics);

 private:
  ModelSettings settings_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const ServedModel>> models_;
};

}  // namespace transfer
