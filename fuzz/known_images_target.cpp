// What a model keeps of its training images: the extra file `known_images`.

#include "core/errors.h"
#include "fuzz/target.h"
#include "models/known_images.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const std::string bytes(fuzz::text_of(data, size));
  fuzz::succeeds<ModelError>("model.pt", [&] {
    const KnownImages known = parse_known_images(bytes, "model.pt");
    fuzz::require(known_images_bytes(known) == bytes, "known images are not written as read");
    UnknownScore(known).score(torch::ones({1, known.rows.size(1)}));
  });
  return 0;
}
