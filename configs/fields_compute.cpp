#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_compute_fields(std::vector<Field>& fields, ComputeConfig& c) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"compute.deterministic", &c.deterministic, kNoLimits, "none", kResult, kEveryRun,
       "Whether a GPU takes only kernels that give the same bits each time. false may be faster: "
       "cuDNN then tries its kernels and takes the fastest. A CPU always gives the same bits.",
       "false"},
      {"compute.tf32", &c.tf32, kNoLimits, "none", kResult, kEveryRun,
       "Whether float32 convolutions and matrix products of a GPU may round their inputs to TF32 "
       "(10 bits of mantissa), which GPUs since Ampere compute faster. Features then differ more "
       "from those that a CPU computes.",
       "true"},
      {"compute.fusion", &c.fusion, kNoLimits, "none", kResult, kEveryRun,
       "Whether oneDNN Graph fuses operators of frozen layers on a CPU with AVX2: auto or off. "
       "Fused layers are computed in about two thirds of the time; what they compute differs in "
       "the last digits.",
       "off"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
