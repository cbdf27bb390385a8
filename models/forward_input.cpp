#include "models/forward_input.h"

#include <fmt/format.h>

#include "core/errors.h"

namespace transfer {

void refuse_other_input(const torch::jit::Module& module, const std::string& file) {
  const auto& arguments = module.get_method("forward").function().getSchema().arguments();
  if (arguments.size() < 2) return;  // refused with the outputs
  const auto& type = *arguments[1].type();
  if (c10::TensorType::get()->isSubtypeOf(type)) return;
  throw ModelError(fmt::format(
      "{}: forward takes '{}' as {}. Expected one tensor of images [N,C,H,W], as classifiers take "
      "it. For a detection or segmentation network, export its backbone alone: "
      "torch.jit.script(model.backbone.eval()).save(\"backbone.pt\").",
      file, arguments[1].name(), type.annotation_str()));
}

}  // namespace transfer
