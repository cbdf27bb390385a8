#pragma once

#include <torch/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "models/calibration.h"

namespace transfer {

/// Features of training images, by which a model says how unlike all of them an image is: by the
/// distance to the k-th nearest of them (Sun et al. 2022, "Out-of-Distribution Detection with Deep
/// Nearest Neighbors"). Of each feature the square root counts, with its sign kept, and features
/// are scaled to length 1 then: large ones would drown the others.
struct KnownImages {
  /// Features of more bytes than these are not kept in a model.
  static constexpr std::int64_t kMostBytes = 4 << 20;
  static constexpr std::int64_t kMostNeighbours = 10;

  torch::Tensor rows;  ///< [n,D] float16, of length 1, on the CPU
  /// The k of the k-th nearest, at most n.
  std::int64_t neighbours = 0;
  /// An image with a larger score is unlike the training images.
  double threshold = 0;
};

/// Known images of features [n,D], without a threshold yet. REQUIRES: n > 0.
KnownImages known_images(const torch::Tensor& features);

/// Scores images by their features [N,D]. `score` may be called from several threads at once.
class UnknownScore {
 public:
  explicit UnknownScore(const KnownImages& known);

  /// Features [N,D] on any device → [N] float32 on the CPU: the distance to the k-th nearest of the
  /// known images, from 0 to 2. The larger, the less an image is like them. REQUIRES: D is theirs.
  torch::Tensor score(const torch::Tensor& features) const;
  std::int64_t dimension() const { return rows_.size(1); }

 private:
  torch::Tensor rows_;
  std::int64_t neighbours_;
};

/// The bytes of a model's extra file `known_images`: "TRKNOWN1", then little-endian n, D and k as
/// int64, the threshold as float64, and the rows as float16.
std::string known_images_bytes(const KnownImages& known);

/// Reads them. Throws ModelError, naming `file`, where they are not whole and sound.
KnownImages parse_known_images(const std::string& bytes, const std::string& file);

/// What a model keeps beside its weights, so that its predictions say how far to trust them;
/// nothing for models of labels or numbers.
struct Confidence {
  std::optional<Calibration> calibration = {};
  std::optional<KnownImages> known = {};

  double temperature() const { return calibration ? calibration->temperature : 1; }
};

}  // namespace transfer
