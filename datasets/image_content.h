#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/preprocessing.h"
#include "datasets/dataset.h"

namespace transfer {

/// Why a sample's image cannot be decoded for a network ("PATH: reason"), or nothing when it can.
std::optional<std::string> why_broken(const Sample& sample, const Preprocessing& preprocessing);

/// SHA-256, in hexadecimal, of what decides the image: the bytes of its file, or its pixels and
/// their size. Throws DataError where the file cannot be read.
std::string content_hash(const Sample& sample);

/// A hash, 16 hexadecimal digits, that tells an image replaced by another of the same size: of the
/// size of its file and up to 48 KB of its beginning, middle and end, or of its pixels. Throws
/// DataError where the file cannot be read.
std::string content_sketch(const Sample& sample);

/// Whether the samples' images are all grey. Of image files at most 100, evenly spread, are
/// decoded; broken ones do not count. For `sample_range` see decode_image(). Throws Interrupted.
bool are_grey(const std::vector<Sample>& samples,
              const std::optional<SampleRange>& sample_range = std::nullopt);

}  // namespace transfer
