#pragma once

#include <string>
#include <vector>

#include "app/preparation/preparation.h"

namespace transfer {

/// What tells an image of a data set from another: its path below the data, so that it is the same
/// from every folder, its label, and its content_sketch(), or "" where the file could not be read,
/// and why.
struct ImageRecord {
  std::string path;
  std::string label;
  std::string content;
  std::string failure = {};
};

/// The paths of the samples below the data.
std::vector<std::string> image_paths(const Preparation& preparation,
                                     const std::vector<Sample>& samples);

/// The records of the samples, in their order. Reads a part of each file.
std::vector<ImageRecord> image_records(const Preparation& preparation,
                                       const std::vector<Sample>& samples);

/// SHA-256 of the images in their order, in hexadecimal.
std::string hash_of(const std::vector<ImageRecord>& images);

/// SHA-256, in hexadecimal, of the images of all splits, whatever their order and split: of the
/// lines "PATH<tab>LABEL<tab>CONTENT", sorted bytewise, each with its line break.
std::string hash_of_data(const std::vector<const std::vector<ImageRecord>*>& splits);

}  // namespace transfer
