#pragma once

#include <vector>

#include "configs/fields.h"

namespace transfer {

// The table of keys, a file for each group. A new key is one more row there: it is then read from
// YAML and --set, checked, written to config.yaml, hashed, and shown by `transfer config`.

void add_general_fields(std::vector<Field>& fields, Config& config);
void add_data_fields(std::vector<Field>& fields, DataConfig& data);
void add_input_fields(std::vector<Field>& fields, InputConfig& input);
void add_head_fields(std::vector<Field>& fields, HeadConfig& head);
void add_augment_fields(std::vector<Field>& fields, AugmentConfig& augment);
/// Optimizer, learning rate and schedule.
void add_rate_fields(std::vector<Field>& fields, TrainConfig& train);
/// Which layers train, how steps are computed, and when training stops.
void add_step_fields(std::vector<Field>& fields, TrainConfig& train);
/// What the model keeps, so that its probabilities mean something.
void add_probability_fields(std::vector<Field>& fields, TrainConfig& train);
/// What a teacher adds to the loss.
void add_teacher_fields(std::vector<Field>& fields, TrainConfig& train);
void add_cache_fields(std::vector<Field>& fields, CacheConfig& cache);
void add_compute_fields(std::vector<Field>& fields, ComputeConfig& compute);
void add_report_fields(std::vector<Field>& fields, ReportConfig& report);

}  // namespace transfer
