#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace transfer {

/// Why a sample's image cannot be decoded ("PATH: reason"), or nothing when it can.
std::optional<std::string> why_broken(const Sample& sample);

/// SHA-256 of what decides the image: the bytes of its file, or its pixels and their size. Throws
/// DataError when the file cannot be read.
std::string content_hash(const Sample& sample);

/// Whether the samples' images hold no colour. Of image files at most 100, evenly spread, are
/// looked at; broken ones are passed over. Throws Interrupted.
bool are_grey(const std::vector<Sample>& samples);

}  // namespace transfer
