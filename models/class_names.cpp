#include "models/class_names.h"

#include <fmt/format.h>

namespace transfer {

torch::jit::Module with_lasting_names(const torch::jit::Module& module) {
  // Numbers beyond those that the classes may have now, which LibTorch would skip.
  constexpr int kFirstNumber = 10'000;
  const auto unit = module._ivalue()->compilation_unit();
  const auto taken = module.type()->name().value();
  const std::string last = fmt::format("___torch_mangle_{}.", kFirstNumber - 1);
  for (int i = 0; i < kFirstNumber; ++i) {
    if (unit->mangle(taken).qualifiedName().find(last) != std::string::npos) break;
  }
  return module.clone(/*inplace=*/true);
}

}  // namespace transfer
