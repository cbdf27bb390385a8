// The text of `transfer.json` inside a model.

#include "core/errors.h"
#include "fuzz/target.h"
#include "models/metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const std::string text(fuzz::text_of(data, size));
  fuzz::succeeds<ModelError>("model.pt", [&] {
    const std::string written = to_json(parse_metadata(text, "model.pt"));
    const std::string again = to_json(parse_metadata(written, "model.pt"));
    fuzz::require(written == again, "metadata is not read back to itself:\n" + written + again);
  });
  return 0;
}
