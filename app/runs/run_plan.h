#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/advice/time_estimate.h"
#include "app/preparation/preparation.h"

namespace transfer {

/// What a run would write to one place, and the room there.
struct DiskNeed {
  std::filesystem::path folder;
  /// Empty where it depends on the strategy that measuring will choose.
  std::optional<double> bytes = {};
  /// Empty where the system does not say.
  std::optional<double> free_bytes = {};
};

/// What a run would do and take, as far as a short look tells.
struct RunPlan {
  std::string strategy;
  std::string backbone;
  std::string device;
  std::int64_t threads = 0;
  std::int64_t classes = 0;
  ImageCounts images;
  /// Which layers train, in words.
  std::string layers;
  /// Whom the network learns from, in words; empty for nobody.
  std::string teacher;
  /// Images that were decoded for the plan, and how many of them are broken.
  std::int64_t images_read = 0;
  std::int64_t images_broken = 0;
  /// Memory of the process at its peak, and what it may have; empty where unknown or on a GPU.
  std::optional<double> memory_bytes = {};
  std::optional<double> memory_available = {};
  DiskNeed output;
  DiskNeed feature_store;
  /// For all epochs, though training may stop earlier; without the fit of a head to features. With
  /// the strategy `auto` for measuring alone: what follows depends on what it chooses.
  double seconds = 0;
  /// `train.time_limit`; 0: none.
  double time_limit = 0;
};

/// Looks what the run would do without writing anything: cuts the network or rehearses a training
/// step, decodes some images, and measures memory and speed. Throws what the run would: ModelError
/// where the network does not fit the strategy, DataError for unreadable images, and OutputError
/// where the disk has too little room.
RunPlan plan_run(Preparation preparation, const std::filesystem::path& run_directory);

/// For people and for programs.
std::string to_text(const RunPlan& plan);
std::string to_json(const RunPlan& plan);

}  // namespace transfer
