#pragma once

#include <torch/types.h>

#include <memory>
#include <string>

#include "app/training/teacher.h"
#include "configs/config.h"
#include "datasets/dataset.h"

namespace transfer {

/// Throws ConfigError where train.teacher is given with a strategy that does not take one.
void check_teacher_setting(const Config& config);

/// The model that train.teacher names, on `device`, for a network that sees images prepared as
/// `student` says; nullptr without the setting. Throws ModelError where the file is missing,
/// damaged or no trained model, and ConfigError where its run is not finished, or where it
/// predicts something else than the classes of the data or reads other images than the student.
std::shared_ptr<const Teacher> choose_teacher(const Config& config, const Dataset& dataset,
                                              const Preprocessing& student, torch::Device device);

/// One line on what the network learns from, for people.
std::string description_of(const Teacher& teacher);

}  // namespace transfer
