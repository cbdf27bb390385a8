#pragma once

#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// An image's targets in words: the name of its class, its labels as in a CSV file (`cat|dog`), or
/// its numbers (`weight 0.5, height 2`).
std::string target_text(const Sample& sample, const std::vector<std::string>& classes,
                        TargetKind kind);

/// The names whose target is 1, or whose probability reaches the label's threshold, separated by
/// `|`.
std::string joined_labels(const std::vector<float>& targets,
                          const std::vector<std::string>& classes, const Objective& objective = {});

}  // namespace transfer
