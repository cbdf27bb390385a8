#include "models/known_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "core/errors.h"

namespace transfer {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "TRKNOWN1";
constexpr std::size_t kNumbers = 4;
constexpr std::size_t kHeaderBytes = 8 + kNumbers * 8;

/// Features [N,D] as they are compared: float32 on the CPU, in rows of length 1.
torch::Tensor comparable(const torch::Tensor& features) {
  const torch::Tensor wide = features.detach().to(torch::kCPU, torch::kFloat32);
  const torch::Tensor roots = wide.abs().sqrt() * wide.sign();
  return roots / roots.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

template <typename Number>
void append(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <typename Number>
Number number_at(const std::string& bytes, std::size_t position) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + position, sizeof number);
  return number;
}

}  // namespace

KnownImages known_images(const torch::Tensor& features) {
  const torch::NoGradGuard no_gradients;
  KnownImages known;
  known.rows = comparable(features).to(torch::kHalf).contiguous();
  known.neighbours = std::min(KnownImages::kMostNeighbours, known.rows.size(0));
  return known;
}

UnknownScore::UnknownScore(const KnownImages& known)
    : rows_(known.rows.to(torch::kFloat32)), neighbours_(known.neighbours) {}

torch::Tensor UnknownScore::score(const torch::Tensor& features) const {
  const c10::InferenceMode inference;
  // Of unit vectors, |a − b|² = 2 − 2 a·b.
  const torch::Tensor likeness = comparable(features).matmul(rows_.t());
  const torch::Tensor nearest =
      std::get<0>(likeness.topk(neighbours_, 1)).select(1, neighbours_ - 1);
  return (2 - 2 * nearest).clamp_min(0).sqrt();
}

std::string known_images_bytes(const KnownImages& known) {
  std::string bytes(kMagic);
  append(bytes, known.rows.size(0));
  append(bytes, known.rows.size(1));
  append(bytes, known.neighbours);
  append(bytes, known.threshold);
  const torch::Tensor rows = known.rows.to(torch::kCPU, torch::kHalf).contiguous();
  bytes.append(static_cast<const char*>(rows.const_data_ptr()), rows.nbytes());
  return bytes;
}

KnownImages parse_known_images(const std::string& bytes, const std::string& file) {
  const auto refuse = [&file](const char* why) -> void {
    throw ModelError(fmt::format(
        "{}: what it keeps of its training images (known_images) cannot be used: {}. Copy it again "
        "from where it came, or train it again.",
        file, why));
  };
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) refuse("it has no header");
  const auto rows = number_at<std::int64_t>(bytes, 8);
  const auto dimension = number_at<std::int64_t>(bytes, 16);
  KnownImages known;
  known.neighbours = number_at<std::int64_t>(bytes, 24);
  known.threshold = number_at<double>(bytes, 32);
  const auto numbers = static_cast<std::int64_t>((bytes.size() - kHeaderBytes) / 2);
  if (rows < 1 || dimension < 1 || rows > numbers || dimension > numbers / rows ||
      rows * dimension * 2 != static_cast<std::int64_t>(bytes.size() - kHeaderBytes)) {
    refuse("its size is not that of its rows");
  }
  if (known.neighbours < 1 || known.neighbours > rows || !std::isfinite(known.threshold)) {
    refuse("its neighbours or its threshold make no sense");
  }
  known.rows = torch::empty({rows, dimension}, torch::kHalf);
  std::memcpy(known.rows.mutable_data_ptr(), bytes.data() + kHeaderBytes, known.rows.nbytes());
  if (!torch::isfinite(known.rows).all().item<bool>()) refuse("a feature is not a number");
  return known;
}

}  // namespace transfer
