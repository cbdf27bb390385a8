#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "models/metadata.h"

namespace transfer {

/// A training image like the one in question.
struct SimilarImage {
  Sample sample;
  double similarity = 0;
  /// Whether it is the image in question itself, byte for byte.
  bool is_same = false;
};

/// The images that were asked about and can be read, with those like each, the most alike first.
struct SimilarImages {
  std::vector<Sample> asked;
  std::vector<std::vector<SimilarImage>> similar;
  /// What the model says of each, see predictions_of().
  std::vector<std::vector<float>> predictions;
};

/// For `--json`: each image with what `predict` has of it, and `neighbours`.
std::string to_json(const SimilarImages& images, const ModelMetadata& metadata);

/// For people: each image, and a line for each one like it.
std::string to_text(const SimilarImages& images, const ModelMetadata& metadata);

/// A contact sheet with a row for each image: itself, then those like it, which `title` names
/// ("training images"). Says how many are left out. Throws OutputError.
void write_similar_images(const SimilarImages& images, const ModelMetadata& metadata,
                          const std::string& title, const std::filesystem::path& file);

}  // namespace transfer
