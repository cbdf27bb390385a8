#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/serving/served_model.h"

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

  /// What reload() did.
  struct Reloads {
    int replaced = 0;
    int unchanged = 0;
    /// Files that cannot be used, whose former models stay.
    int failed = 0;
  };
  /// Loads each model anew whose file has changed, and says so. Those that hold the former model
  /// finish with it. One thread at a time.
  Reloads reload();

 private:
  ModelSettings settings_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const ServedModel>> models_;
};

}  // namespace transfer
