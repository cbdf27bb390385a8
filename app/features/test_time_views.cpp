#include "app/features/test_time_views.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "core/test_time_views.h"

namespace transfer {
namespace {

/// A view behind the image and its mirror image: where its part lies, 0 being the upper or left
/// edge and 1 the lower or right one, and whether it is mirrored.
struct PartView {
  double down;
  double right;
  bool is_mirrored;
};

constexpr std::int64_t kWholeViews = 2;
constexpr std::array kPartViews = {
    PartView{0.5, 0.5, false}, PartView{0, 0, false}, PartView{1, 1, false},
    PartView{0, 1, false},     PartView{1, 0, false}, PartView{0.5, 0.5, true},
    PartView{0, 0, true},      PartView{1, 1, true},
};
static_assert(kWholeViews + kPartViews.size() == kMostTestTimeViews);

torch::Tensor mirrored(const torch::Tensor& images) { return images.flip({3}); }

/// The part's length of a side, at least one pixel.
std::int64_t length_of_part(std::int64_t side) { return std::max<std::int64_t>(side * 7 / 8, 1); }

torch::Tensor enlarged_part(const torch::Tensor& images, const PartView& view) {
  const std::int64_t height = length_of_part(images.size(2));
  const std::int64_t width = length_of_part(images.size(3));
  const auto offset = [](std::int64_t room, double place) {
    return static_cast<std::int64_t>(std::floor(static_cast<double>(room) * place));
  };
  const auto part = images.narrow(2, offset(images.size(2) - height, view.down), height)
                        .narrow(3, offset(images.size(3) - width, view.right), width);
  return at::upsample_bilinear2d(part, {images.size(2), images.size(3)}, /*align_corners=*/false);
}

torch::Tensor log_of_sum(const torch::Tensor& sum, const torch::Tensor& logarithms) {
  return sum.defined() ? at::logaddexp(sum, logarithms) : logarithms;
}

}  // namespace

torch::Tensor test_time_view(const torch::Tensor& images, std::int64_t view) {
  if (view == 0) return images;
  if (view == 1) return mirrored(images);
  const PartView& part = kPartViews.at(static_cast<std::size_t>(view - kWholeViews));
  const auto enlarged = enlarged_part(images, part);
  return part.is_mirrored ? mirrored(enlarged) : enlarged;
}

void MeanOfViews::add(const torch::Tensor& outputs) {
  if (count_++ == 0) first_ = outputs;
  // In double precision: a probability near 1 must not lose what separates it from 1.
  const auto exact = outputs.to(torch::kFloat64);
  switch (kind_) {
    case TargetKind::kClass: sum_ = log_of_sum(sum_, exact.log_softmax(1)); return;
    case TargetKind::kLabels:
      sum_ = log_of_sum(sum_, at::log_sigmoid(exact));
      opposite_sum_ = log_of_sum(opposite_sum_, at::log_sigmoid(-exact));
      return;
    case TargetKind::kValues: sum_ = sum_.defined() ? sum_ + exact : exact; return;
  }
  throw std::logic_error("not a kind of target");
}

torch::Tensor MeanOfViews::outputs() const {
  if (count_ == 1) return first_;
  switch (kind_) {
    // So their exponentials are the mean probabilities themselves.
    case TargetKind::kClass:
      return (sum_ - std::log(static_cast<double>(count_))).to(first_.scalar_type());
    case TargetKind::kLabels: return (sum_ - opposite_sum_).to(first_.scalar_type());
    case TargetKind::kValues: break;
  }
  return (sum_ / static_cast<double>(count_)).to(first_.scalar_type());
}

torch::Tensor outputs_of_views(const torch::Tensor& images, std::int64_t views, TargetKind kind,
                               const std::function<torch::Tensor(const torch::Tensor&)>& forward) {
  const torch::NoGradGuard no_gradients;
  MeanOfViews mean(kind);
  for (std::int64_t view = 0; view < views; ++view) mean.add(forward(test_time_view(images, view)));
  return mean.outputs();
}

}  // namespace transfer
