#include "models/composition.h"

namespace transfer {
namespace {

torch::jit::Module head_module(const LinearHead& head,
                               const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
  torch::jit::Module module("__torch__.transfer.LinearHead", unit, /*shouldMangle=*/true);
  module.register_parameter("weight", head.weight.detach().cpu().clone(), /*is_buffer=*/false);
  module.register_parameter("bias", head.bias.detach().cpu().clone(), /*is_buffer=*/false);
  for (torch::Tensor parameter : module.parameters()) parameter.set_requires_grad(true);
  module.define(R"(
def forward(self, features: Tensor) -> Tensor:
    return torch.linear(features, self.weight, self.bias)
)");
  return module;
}

}  // namespace

torch::jit::Module compose(const torch::jit::Module& trunk, const LinearHead& head) {
  const auto unit = trunk._ivalue()->compilation_unit();
  // Mangled, since a backbone that this program trained brings classes of these names.
  torch::jit::Module whole("__torch__.transfer.Classifier", unit, /*shouldMangle=*/true);
  whole.register_module("trunk", trunk);
  whole.register_module("head", head_module(head, unit));
  whole.define(R"(
def features(self, x: Tensor) -> Tensor:
    return torch.flatten(self.trunk.forward(x), 1)
)");
  whole.define(R"(
def forward(self, x: Tensor) -> Tensor:
    return self.head.forward(self.features(x))
)");
  whole.define(R"(
def predict(self, x: Tensor) -> Tensor:
    return torch.softmax(self.forward(x), 1)
)");
  return whole;
}

}  // namespace transfer
