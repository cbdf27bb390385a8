#include "models/image_preprocessing.h"

#include <algorithm>

namespace transfer {
namespace {

using torch::jit::Module;

// What OpenCV's resize() does, in TorchScript. Its tables are computed in the same precision, and
// sums add up in the same order, so that no pixel is rounded to another number. An image is uint8
// [H,W,C] throughout; a table names `taps` old pixels of every new one and their weights, both
// [new size, taps].

/// INTER_AREA, for images of which neither side grows.
constexpr const char* kShrinking = R"(
def scale_of(self, size: int, new_size: int) -> float:
    return 1.0 / (float(new_size) / float(size))

def area_table(self, size: int, new_size: int) -> Tuple[Tensor, Tensor]:
    scale = self.scale_of(size, new_size)
    begin = torch.arange(new_size).double() * scale
    end = begin + scale
    width = torch.clamp(size - begin, max=scale)
    last = torch.clamp(torch.floor(end), max=size - 1)
    first = torch.minimum(torch.ceil(begin), last)
    left = first - begin
    right = torch.clamp(torch.minimum(end - last, width), max=1.0)
    left = torch.where(left > 0.001, left, 0.0) / width
    right = torch.where(right > 0.001, right, 0.0) / width
    whole = (last - first).unsqueeze(1)
    tap = torch.arange(int(whole.max().item()) + 2).unsqueeze(0)
    weights = torch.where(tap <= whole, (1.0 / width).unsqueeze(1), 0.0)
    weights = torch.where(tap == 0, left.unsqueeze(1), weights)
    weights = torch.where(tap == whole + 1, right.unsqueeze(1), weights)
    taps = torch.clamp(first.unsqueeze(1) + tap - 1, 0, size - 1)
    return taps.long(), weights.float()

def weighted_rows(self, image: Tensor, taps: Tensor, weights: Tensor) -> Tensor:
    taps = taps.to(image.device)
    weights = weights.to(image.device).unsqueeze(2).unsqueeze(3)
    total = image.index_select(0, taps[:, 0]) * weights[:, 0]
    for k in range(1, taps.size(1)):
        total += image.index_select(0, taps[:, k]) * weights[:, k]
    return total

def mean_of_blocks(self, image: Tensor, rows: int, columns: int) -> Tensor:
    height = image.size(0) // rows
    width = image.size(1) // columns
    blocks = image.reshape([height, rows, width, columns, image.size(2)])
    total = blocks.int().sum([1, 3]).int()
    if rows == 2 and columns == 2 and image.size(2) != 2:
        return torch.floor_divide(total + 2, 4).byte()
    share = torch.ones([1], device=image.device) / (rows * columns)
    return torch.round(total.float() * share).byte()

def shrunk(self, image: Tensor, height: int, width: int) -> Tensor:
    down = self.scale_of(image.size(0), height)
    across = self.scale_of(image.size(1), width)
    if abs(down - round(down)) < 2.2e-16 and abs(across - round(across)) < 2.2e-16:
        return self.mean_of_blocks(image, int(round(down)), int(round(across)))
    taps, weights = self.area_table(image.size(1), width)
    image = self.weighted_rows(image.transpose(0, 1).contiguous(), taps, weights)
    taps, weights = self.area_table(image.size(1), height)
    image = self.weighted_rows(image.transpose(0, 1).contiguous(), taps, weights)
    return torch.clamp(torch.round(image), 0, 255).byte()
)";

/// Where the new pixels lie among the old ones, for images of which a side grows: OpenCV has
/// weights of 1/2048 then.
constexpr const char* kPlaces = R"(
def places(self, size: int, new_size: int) -> Tuple[Tensor, Tensor]:
    scale = self.scale_of(size, new_size)
    place = ((torch.arange(new_size).double() + 0.5) * scale - 0.5).float()
    first = torch.floor(place)
    return first.long().unsqueeze(1), place - first
)";

/// INTER_LINEAR, in whole numbers.
constexpr const char* kBilinear = R"(
def table(self, size: int, new_size: int) -> Tuple[Tensor, Tensor]:
    first, x = self.places(size, new_size)
    taps = torch.clamp(first + torch.arange(2), 0, size - 1)
    return taps, torch.round(torch.stack([1 - x, x], 1) * 2048).int()

def interpolated(self, rows: Tensor, taps: Tensor, weights: Tensor) -> Tensor:
    rows = rows.bitwise_right_shift(4)
    taps = taps.to(rows.device)
    weights = weights.to(rows.device).unsqueeze(2).unsqueeze(3)
    upper = (rows.index_select(0, taps[:, 0]) * weights[:, 0]).bitwise_right_shift(16)
    lower = (rows.index_select(0, taps[:, 1]) * weights[:, 1]).bitwise_right_shift(16)
    return (upper + lower + 2).bitwise_right_shift(2).byte()
)";

/// INTER_CUBIC; the second sum is in float32, from the last row to the first.
constexpr const char* kBicubic = R"(
def table(self, size: int, new_size: int) -> Tuple[Tensor, Tensor]:
    first, x = self.places(size, new_size)
    a = -0.75
    w0 = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    w1 = ((a + 2) * x - (a + 3)) * x * x + 1
    w2 = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1
    weights = torch.stack([w0, w1, w2, 1 - w0 - w1 - w2], 1)
    taps = torch.clamp(first + torch.arange(-1, 3), 0, size - 1)
    return taps, torch.round(weights * 2048).int()

def interpolated(self, rows: Tensor, taps: Tensor, weights: Tensor) -> Tensor:
    shares = weights.float() / 4194304.0
    image = self.weighted_rows(rows, taps.flip([1]), shares.flip([1]))
    return torch.clamp(torch.round(image), 0, 255).byte()
)";

/// Calls what is defined above it; a method can only call earlier ones.
constexpr const char* kResized = R"(
def resized(self, image: Tensor, height: int, width: int) -> Tensor:
    if image.size(0) == height and image.size(1) == width:
        return image
    if image.size(0) >= height and image.size(1) >= width:
        return self.shrunk(image, height, width)
    taps, weights = self.table(image.size(1), width)
    across = self.weighted_rows(image.int().transpose(0, 1), taps, weights).transpose(0, 1)
    taps, weights = self.table(image.size(0), height)
    return self.interpolated(across, taps, weights)
)";

// datasets/preprocess.cpp line by line.

constexpr const char* kStretch = R"(
def fitted(self, image: Tensor) -> Tensor:
    return self.resized(image, self.height, self.width)
)";

constexpr const char* kPad = R"(
def fitted(self, image: Tensor) -> Tensor:
    scale = min(float(self.width) / image.size(1), float(self.height) / image.size(0))
    width = min(max(int(image.size(1) * scale + 0.5), 1), self.width)
    height = min(max(int(image.size(0) * scale + 0.5), 1), self.height)
    left = (self.width - width) // 2
    top = (self.height - height) // 2
    borders = [0, 0, left, self.width - width - left, top, self.height - height - top]
    return torch.constant_pad_nd(self.resized(image, height, width), borders, 0)
)";

constexpr const char* kCover = R"(
def centre(self, image: Tensor, height: int, width: int) -> Tensor:
    top = (image.size(0) - height) // 2
    left = (image.size(1) - width) // 2
    return image[top:top + height, left:left + width]

def fitted(self, image: Tensor) -> Tensor:
    scale = max(self.box_width / image.size(1), self.box_height / image.size(0))
    longest = max(image.size(0), image.size(1)) * scale
    if longest > 8.0 * max(self.box_width, self.box_height):
        rows = min(max(int(self.height / scale + 0.5), 1), image.size(0))
        columns = min(max(int(self.width / scale + 0.5), 1), image.size(1))
        return self.resized(self.centre(image, rows, columns), self.height, self.width)
    rows = max(int(image.size(0) * scale + 0.5), 1)
    columns = max(int(image.size(1) * scale + 0.5), 1)
    return self.centre(self.resized(image, rows, columns), self.height, self.width)
)";

constexpr const char* kForward = R"(
def checked(self, image: Tensor) -> Tensor:
    reads_colours = self.channels == 3 or self.channels == 1
    channels = 3 if reads_colours else self.channels
    if image.dim() == 2:
        image = image.unsqueeze(2)
    if reads_colours and image.dim() == 3 and image.size(2) == 1:
        image = image.expand([-1, -1, 3])
    is_uint8 = image.dtype == torch.ones([0]).byte().dtype
    assert is_uint8, "expected the image's pixels as torch.uint8, from 0 to 255"
    is_image = image.dim() == 3 and image.numel() > 0 and image.size(-1) == channels
    expected = "expected an image of the shape [height, width, {}], found {}"
    assert is_image, expected.format(channels, image.size())
    return image

def forward(self, image: Tensor) -> Tensor:
    pixels = self.fitted(self.checked(image)).float()
    if self.channels == 1:
        pixels = pixels[:, :, 0:1] * 0.299 + pixels[:, :, 1:2] * 0.587 + pixels[:, :, 2:3] * 0.114
    if self.is_bgr:
        pixels = pixels.flip([2])
    factor = torch.tensor(self.factor).float().to(image.device)
    shift = torch.tensor(self.shift).float().to(image.device)
    return (pixels * factor + shift).permute([2, 0, 1]).unsqueeze(0)
)";

const char* interpolation_methods(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kArea:
    case Interpolation::kBilinear: return kBilinear;
    case Interpolation::kBicubic: break;
  }
  return kBicubic;
}

const char* fitting_methods(ResizeRule rule) {
  switch (rule) {
    case ResizeRule::kStretch: return kStretch;
    case ResizeRule::kPad: return kPad;
    case ResizeRule::kShorterSide:
    case ResizeRule::kCover: break;
  }
  return kCover;
}

void add_integer(Module& module, const char* name, std::int64_t number) {
  module.register_attribute(name, c10::IntType::get(), number);
}

void add_float(Module& module, const char* name, double number) {
  module.register_attribute(name, c10::FloatType::get(), number);
}

/// What the image just covers in front of the crop.
void add_box(Module& module, const Preprocessing& p) {
  const auto side = static_cast<double>(p.resize);
  const double factor = side / static_cast<double>(std::min(p.height, p.width));
  const bool is_square = p.resize_rule == ResizeRule::kShorterSide;
  add_float(module, "box_height", is_square ? side : static_cast<double>(p.height) * factor);
  add_float(module, "box_width", is_square ? side : static_cast<double>(p.width) * factor);
}

/// Factor and shift of every channel, as write_normalized() in datasets/ computes them.
void add_normalisation(Module& module, const Preprocessing& p) {
  const float range = p.scale == PixelScale::kOne ? 255.0F : 1.0F;
  c10::List<double> factor;
  c10::List<double> shift;
  for (std::size_t c = 0; c < p.mean.size(); ++c) {
    factor.push_back(1.0F / (range * p.std[c]));
    shift.push_back(-p.mean[c] / p.std[c]);
  }
  module.register_attribute("factor", c10::ListType::ofFloats(), factor);
  module.register_attribute("shift", c10::ListType::ofFloats(), shift);
}

}  // namespace

Module preprocessing_module(const Preprocessing& p,
                            const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  Module module("__torch__.transfer.Preprocessing", unit, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), false);  // Python reads it
  add_integer(module, "height", p.height);
  add_integer(module, "width", p.width);
  add_integer(module, "channels", p.channels);
  const bool is_bgr = p.channels == 3 && p.order == ChannelOrder::kBgr;
  module.register_attribute("is_bgr", c10::BoolType::get(), is_bgr);
  add_box(module, p);
  add_normalisation(module, p);
  for (const char* methods : {kShrinking, kPlaces, interpolation_methods(p.interpolation), kResized,
                              fitting_methods(p.resize_rule), kForward}) {
    module.define(methods);
  }
  return module;
}

}  // namespace transfer
