#include "models/ensemble_module.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "models/composition.h"
#include "models/temperature.h"

namespace transfer {
namespace {

using torch::jit::Module;

/// Turns the ensemble's images into the member's input.
std::string preparing_program(const Preprocessing& own, const Preprocessing& input) {
  std::string program = "def prepared(self, x: Tensor) -> Tensor:\n";
  if (own.height != input.height || own.width != input.width) {
    program += fmt::format(
        "    x = torch._upsample_bilinear2d_aa(x, [{}, {}], align_corners=False, "
        "scale_factors=None)\n",
        own.height, own.width);
  }
  if (own.channels == 1) {
    program += "    x = x[:, 0:1] * 0.299 + x[:, 1:2] * 0.587 + x[:, 2:3] * 0.114\n";
  }
  if (own.channels == 3 && own.order == ChannelOrder::kBgr) program += "    x = x.flip([1])\n";
  return program + "    return x * self.factor + self.shift\n";
}

Module member_module(const EnsembleMember& member, const Preprocessing& input,
                     const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  const ModelMetadata& metadata = member.metadata;
  Module module("__torch__.transfer.EnsembleMember", unit, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), false);  // Python reads it
  module.register_module("model", member.module);
  const PixelScaling scaling = scaling_from_unit_pixels(metadata.preprocessing);
  module.register_buffer("factor", scaling.factor);
  module.register_buffer("shift", scaling.shift);
  module.define(preparing_program(metadata.preprocessing, input));
  module.define(R"(
def features(self, x: Tensor) -> Tensor:
    return self.model.features(self.prepared(x))
)");
  const double temperature = temperature_of(metadata);
  module.define(
      fmt::format("def outputs(self, x: Tensor) -> Tensor:\n    return "
                  "self.model.forward(self.prepared(x)){}\n",
                  temperature == 1 ? "" : fmt::format(" / {:#.17g}", temperature)));
  return module;
}

/// The last line of `forward`, in which `outputs` are those of the members, [members,N,C].
std::string mean_program(TargetKind kind, std::size_t members) {
  switch (kind) {
    case TargetKind::kClass:
      return fmt::format("torch.logsumexp(torch.log_softmax(outputs, 2), [0]) - {:#.17g}",
                         std::log(static_cast<double>(members)));
    case TargetKind::kLabels:
      return "torch.logsumexp(torch.log_sigmoid(outputs), [0]) - "
             "torch.logsumexp(torch.log_sigmoid(-outputs), [0])";
    case TargetKind::kValues: break;
  }
  return "torch.mean(outputs, [0])";
}

}  // namespace

PixelScaling scaling_from_unit_pixels(const Preprocessing& p) {
  const double range = p.scale == PixelScale::kOne ? 1 : 255;
  std::vector<float> factor;
  std::vector<float> shift;
  for (std::size_t c = 0; c < p.mean.size(); ++c) {
    factor.push_back(static_cast<float>(range / p.std[c]));
    shift.push_back(-p.mean[c] / p.std[c]);
  }
  const auto in_channels = [](const std::vector<float>& numbers) {
    return torch::tensor(numbers).view({1, -1, 1, 1});
  };
  return {in_channels(factor), in_channels(shift)};
}

Module ensemble_module(const std::vector<EnsembleMember>& members, const Preprocessing& input,
                       TargetKind kind) {
  const auto unit = members.front().module._ivalue()->compilation_unit();
  Module whole("__torch__.transfer.Ensemble", unit, /*shouldMangle=*/true);
  whole.register_attribute("training", c10::BoolType::get(), false);
  std::vector<std::string> features;
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string name = fmt::format("member{}", i);
    whole.register_module(name, member_module(members[i], input, unit));
    features.push_back(fmt::format("self.{}.features(x)", name));
    outputs.push_back(fmt::format("self.{}.outputs(x)", name));
  }
  whole.define(fmt::format(
      "def features(self, x: Tensor) -> Tensor:\n    return torch.cat([{}], 1).float()\n",
      fmt::join(features, ", ")));
  whole.define(
      fmt::format("def forward(self, x: Tensor) -> Tensor:\n"
                  "    outputs = torch.stack([{}]).float()\n    return {}\n",
                  fmt::join(outputs, ", "), mean_program(kind, members.size())));
  define_prediction(whole, kind);
  return whole;
}

}  // namespace transfer
