// A TorchScript archive, as a backbone and as a trained model.

#include <ATen/Parallel.h>

#include <functional>

#include "core/errors.h"
#include "fuzz/checksums.h"
#include "fuzz/silence.h"
#include "models/archive.h"
#include "models/backbone.h"
#include "models/classifier.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  at::set_num_threads(1);
  transfer::fuzz::silence_messages();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  const std::string_view bytes = fuzz::text_of(data, size);
  const auto file = scratch.write("model.pt", bytes);
  const bool is_read = fuzz::succeeds<ModelError>("model.pt", [&] { read_archive(file); });
  // A network that runs takes a hundred times as long, so only some of them do.
  constexpr std::size_t kOneOf = 8;
  if (!is_read || std::hash<std::string_view>()(bytes) % kOneOf != 0) return 0;
  fuzz::succeeds<ModelError>("model.pt", [&] { Backbone::load(file).remarks(); });
  fuzz::succeeds<ModelError>("model.pt", [&] {
    const Classifier model(file, torch::kCPU);
    const Preprocessing& p = model.metadata().preprocessing;
    constexpr std::int64_t kLargestSide = 64;
    if (p.height > kLargestSide || p.width > kLargestSide) return;
    model.logits(torch::zeros({1, p.channels, p.height, p.width}));
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  const bool is_inside = seed % 8 != 0 && transfer::fuzz::mutate_zip_entry(data, size, seed / 8);
  return is_inside ? size : LLVMFuzzerMutate(data, size, capacity);
}
