#include "app/training/teacher.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "app/compute/side_by_side.h"

namespace transfer {

Teacher::Teacher(Classifier model, TeacherFile file, const Preprocessing& student,
                 const std::vector<std::int64_t>& order, torch::Device device, Fusion fusion)
    : model_(std::move(model)),
      file_(std::move(file)),
      view_(teachers_view(student, model_.metadata().preprocessing)),
      order_(torch::tensor(order, torch::kInt64)),
      device_(device),
      fusion_(fusion) {}

torch::Tensor Teacher::logits(const torch::Tensor& images) const {
  const torch::NoGradGuard no_gradients;
  const Preprocessing& own = model_.metadata().preprocessing;
  const bool fits = images.size(2) == own.height && images.size(3) == own.width;
  const auto input = fits ? images
                          : at::_upsample_bilinear2d_aa(images, {own.height, own.width},
                                                        /*align_corners=*/false);
  const std::int64_t count = input.size(0);
  const std::int64_t threads = at::get_num_threads();
  const std::int64_t parts = device_.is_cpu() ? std::clamp<std::int64_t>(count, 1, threads) : 1;
  auto rows = torch::empty({count, order_.size(0)});
  run_side_by_side(device_, parts, threads, [&](std::int64_t part) {
    const torch::NoGradGuard no_gradients_here;
    const std::int64_t first = count * part / parts;
    const std::int64_t size = count * (part + 1) / parts - first;
    rows.narrow(0, first, size).copy_(model_.logits(input.narrow(0, first, size), fusion_));
  });
  return rows.index_select(1, order_);
}

Preprocessing teachers_view(const Preprocessing& student, const Preprocessing& teacher) {
  const double factor =
      std::max(static_cast<double>(teacher.height) / static_cast<double>(student.height),
               static_cast<double>(teacher.width) / static_cast<double>(student.width));
  const auto scaled = [factor](std::int64_t pixels) {
    return std::max<std::int64_t>(std::llround(static_cast<double>(pixels) * factor), 1);
  };
  Preprocessing view = teacher;
  view.resize_rule = student.resize_rule;
  view.height = scaled(student.height);
  view.width = scaled(student.width);
  view.resize = scaled(student.resize);
  return view;
}

}  // namespace transfer
