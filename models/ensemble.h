#pragma once

#include <torch/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/trust.h"
#include "models/metadata.h"

namespace transfer {

/// Writes one TorchScript file that answers with the mean of what these models answer (Dietterich
/// 2000, "Ensemble Methods in Machine Learning"), and returns the members' metadata.
///
/// The file takes images [N,C,H,W] of the member whose input is the largest, the first of several,
/// cropped as that member does, with pixels from 0 to 1: RGB, or the bands that all members read.
/// Each member resizes them to its own size (bilinear, antialiased), turns them to grey or BGR
/// where it reads those, and normalises them. `forward` gives outputs whose predictions_of() are
/// the mean of the members' predictions at their own temperatures; `features` gives the members'
/// features side by side. The classes come in the order of the first member. Nothing is kept of
/// training images, and no conformal scores, since those are of single models.
///
/// Throws ModelError for a file that is not a trained model or is an ensemble itself, ConfigError
/// where members predict other classes or kinds of targets or read other bands or sample ranges
/// than the first, OutputError, and ModelError where the file, read back, computes something else;
/// no file is left then. REQUIRES: at least one member.
std::vector<ModelMetadata> write_ensemble(const std::vector<std::filesystem::path>& members,
                                          const std::filesystem::path& file,
                                          const Trust& trust = {});

/// Names the first class that one has and the other lacks; "" where both hold the same.
std::string first_difference(const std::vector<std::string>& first,
                             const std::vector<std::string>& other);

/// Whether networks that take images so read the same files: both colours or grey, or both the
/// same number of bands.
bool reads_same_files(const Preprocessing& first, const Preprocessing& other);

/// The position in `names` of each of `wanted`. REQUIRES: both hold the same names.
std::vector<std::int64_t> positions_of(const std::vector<std::string>& wanted,
                                       const std::vector<std::string>& names);

/// The outputs whose predictions_of() are the mean of those of `outputs`, [N,C] each.
torch::Tensor mean_outputs(const std::vector<torch::Tensor>& outputs, TargetKind kind);

}  // namespace transfer
