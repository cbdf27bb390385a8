#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_input_fields(std::vector<Field>& fields, InputConfig& i) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"input.channels", &i.channels, between(1, 512), "channels", kResult, kEveryRun,
       "Channels of the images that a backbone without transfer.json reads: 3 for colours, 1 for "
       "grey; another number takes that many bands of TIFF files. auto: as its first convolution "
       "reads.",
       "1"},
      {"input.mean", &i.mean, between(-1e6, 1e6), "pixel values", kResult, kEveryRun,
       "What a backbone without transfer.json wants subtracted from pixels: one number per "
       "channel, in input.order, or one for all. []: ImageNet's.",
       "[0.5, 0.5, 0.5]"},
      {"input.std", &i.std, between(1e-6, 1e6), "pixel values", kResult, kEveryRun,
       "What the difference is then divided by, likewise. []: ImageNet's.", "[0.25, 0.25, 0.25]"},
      {"input.scale", &i.scale, kNoLimits, "none", kResult, kEveryRun,
       "Range of pixels before input.mean is subtracted: 0-1 or 0-255. auto: 0-1.", "0-255"},
      {"input.order", &i.order, kNoLimits, "none", kResult, kEveryRun,
       "Order of the colours in the input of a backbone without transfer.json: rgb or bgr. auto: "
       "rgb.",
       "bgr"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
