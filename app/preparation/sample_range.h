#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "configs/config.h"
#include "core/preprocessing.h"
#include "datasets/dataset.h"
#include "datasets/sample_survey.h"

namespace transfer {

/// `data.sample_range`; nothing where it is `auto`.
std::optional<SampleRange> sample_range(const Config& config);

/// Looks through the training images on `threads` threads. Where `data.sample_range` is auto and
/// some have more than 8 bits without saying what is black and white, sets it to the range that
/// suits all of them, with a message. Throws DataError where no single range does, and Interrupted.
SampleSurvey settle_sample_range(Config& config, const Dataset& dataset, std::int64_t threads);

/// Says what is special about the images of a data set, of which the training images were surveyed,
/// for a network with that preprocessing. Throws Interrupted.
void report_sample_values(const SampleSurvey& training, const Dataset& dataset,
                          const Preprocessing& preprocessing, std::int64_t threads);

/// Says what is special about images that a trained model is to see. Throws Interrupted.
void report_sample_values(const std::vector<Sample>& samples, const Preprocessing& preprocessing,
                          std::int64_t threads);

}  // namespace transfer
