#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/fusion.h"
#include "core/preprocessing.h"
#include "models/classifier.h"

namespace transfer {

/// The file of a teacher: its path, as the user gave it, and the SHA-256 of its bytes.
struct TeacherFile {
  std::string path;
  std::string sha256;
};

/// A trained model from whose probabilities a network learns (train.teacher). It owns its weights.
class Teacher {
 public:
  /// `model` lies on `device`. `student` is how images are prepared for the network that learns,
  /// `order` the position among the model's classes of each of the network's.
  Teacher(Classifier model, TeacherFile file, const Preprocessing& student,
          const std::vector<std::int64_t>& order, torch::Device device, Fusion fusion);

  const TeacherFile& file() const { return file_; }
  const ModelMetadata& metadata() const { return model_.metadata(); }

  /// How a Loader prepares images for logits(): the part of the image that the network sees, framed
  /// by its rule, in as many pixels as the teacher is used to, and normalised as the teacher
  /// expects.
  const Preprocessing& preprocessing() const { return view_; }

  /// images [n,C,H,W] → logits [n,classes] float32 on the CPU, in the order of the network's
  /// classes and at the teacher's own temperature. Images of another size than the teacher's are
  /// resized (bilinear, antialiased). On the CPU the calling thread's threads for arithmetic
  /// divide the images among them. May be called from several threads at once. Throws ModelError.
  torch::Tensor logits(const torch::Tensor& images) const;

 private:
  Classifier model_;
  TeacherFile file_;
  Preprocessing view_;
  torch::Tensor order_;
  torch::Device device_;
  Fusion fusion_;
};

/// See Teacher::preprocessing().
Preprocessing teachers_view(const Preprocessing& student, const Preprocessing& teacher);

}  // namespace transfer
