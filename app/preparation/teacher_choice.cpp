#include "app/preparation/teacher_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/hash.h"
#include "models/ensemble.h"
#include "models/model_path.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// "train.teacher: FILE", as the messages begin.
std::string named(const std::filesystem::path& file) {
  return fmt::format("train.teacher: {}", file.string());
}

/// A run that overwrites its own teacher could neither be resumed nor repeated.
void require_outside_of(const std::filesystem::path& run, const std::filesystem::path& file) {
  if (run.empty()) return;  // a new folder then
  std::error_code ignored;
  const auto place = std::filesystem::weakly_canonical(run, ignored);
  const auto teacher = std::filesystem::weakly_canonical(file, ignored);
  const auto [end, unused] =
      std::mismatch(place.begin(), place.end(), teacher.begin(), teacher.end());
  if (end != place.end()) return;
  throw ConfigError(
      fmt::format("{}: lies in --output {}, which the run would overwrite. Give another --output.",
                  named(file), run.string()));
}

void require_one_class_per_image(const std::filesystem::path& file, const ModelMetadata& teacher) {
  const TargetKind kind = teacher.objective.targets();
  if (kind == TargetKind::kClass) return;
  throw ConfigError(fmt::format(
      "{}: the model predicts {}. Expected one that predicts one class per image, as the network "
      "that learns from it does.",
      named(file), kind == TargetKind::kLabels ? "labels" : "numbers"));
}

void require_same_classes(const std::filesystem::path& file, const ModelMetadata& teacher,
                          const Config& config, const Dataset& dataset) {
  const std::string difference = first_difference(dataset.classes, teacher.classes);
  if (difference.empty()) return;
  throw ConfigError(fmt::format(
      "{}: its {} classes are not the {} of {}: {}. Expected a model that was trained on the same "
      "classes, in whatever order.",
      named(file), teacher.classes.size(), dataset.classes.size(), config.data.path, difference));
}

void require_same_images(const std::filesystem::path& file, const Preprocessing& teacher,
                         const Preprocessing& student) {
  if (!reads_same_files(student, teacher)) {
    throw ConfigError(fmt::format(
        "{}: reads images of {} channels, but the backbone reads {}. Expected a model that reads "
        "the same files: both of them colours or grey, or both the same number of bands.",
        named(file), teacher.channels, student.channels));
  }
  if (student.sample_range == teacher.sample_range) return;
  const auto text = [](const std::optional<SampleRange>& range) {
    return range ? fmt::format("{:g} to {:g}", range->black, range->white) : std::string("none");
  };
  throw ConfigError(fmt::format(
      "{}: takes other sample values for black and white ({}) than this run ({}). Train it on "
      "these images, or set data.sample_range to its range.",
      named(file), text(teacher.sample_range), text(student.sample_range)));
}

}  // namespace

void check_teacher_setting(const Config& config) {
  if (config.train.teacher.empty()) return;
  const bool is_auto = config.strategy == kAutoStrategy;
  if (!is_auto && !find_strategy(config.strategy).trunk_is_frozen) return;
  std::vector<std::string> names;
  for (const Strategy& strategy : list_strategies()) {
    if (!strategy.trunk_is_frozen) names.push_back(strategy.name);
  }
  throw ConfigError(fmt::format(
      "train.teacher: found '{}' with the strategy {}, {}. Expected --strategy {}, or no teacher.",
      config.train.teacher, config.strategy,
      is_auto ? "which may choose frozen layers, and a head on those takes no teacher"
              : "which fits a head to frozen layers by the classes alone",
      fmt::join(names, " or ")));
}

std::shared_ptr<const Teacher> choose_teacher(const Config& config, const Dataset& dataset,
                                              const Preprocessing& student, torch::Device device) {
  if (config.train.teacher.empty()) return nullptr;
  const std::filesystem::path given = config.train.teacher;
  require_finished_run(given);
  const std::filesystem::path file = model_path(given);
  require_outside_of(config.out, file);
  Classifier model(file, device, model_trust(config.trust, config.trust_file));
  const ModelMetadata& metadata = model.metadata();
  require_one_class_per_image(file, metadata);
  require_same_classes(file, metadata, config, dataset);
  require_same_images(file, metadata.preprocessing, student);
  const auto order = positions_of(dataset.classes, metadata.classes);
  const Fusion fusion = fusion_for(dataset.train.size());
  return std::make_shared<const Teacher>(
      std::move(model), TeacherFile{config.train.teacher, sha256_hex(read_file(file))}, student,
      order, device, config.compute.fusion == Fusion::kAuto ? fusion : Fusion::kOff);
}

std::string description_of(const Teacher& teacher) {
  const ModelMetadata& metadata = teacher.metadata();
  return fmt::format("teacher: {}, {} on images of {}x{}", teacher.file().path, metadata.name,
                     metadata.preprocessing.width, metadata.preprocessing.height);
}

}  // namespace transfer
