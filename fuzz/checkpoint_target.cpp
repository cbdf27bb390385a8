// A checkpoint of a training run.

#include <ATen/Parallel.h>

#include "core/errors.h"
#include "fuzz/checksums.h"
#include "fuzz/stored_files.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  at::set_num_threads(1);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  const auto file = scratch.write("checkpoint.pt", fuzz::text_of(data, size));
  fuzz::succeeds<ModelError>("checkpoint.pt", [&] {
    fuzz::TrainingState state;
    read_checkpoint(file, state.tensors, state.optimizer);
    // What was read must be fit to go on with.
    for (auto& [name, tensor] : state.tensors) tensor.mutable_grad() = torch::ones_like(tensor);
    state.optimizer.step();
  });
  fuzz::succeeds<ModelError>("checkpoint.pt", [&] {
    fuzz::TrainingState state;
    read_tensors(file, state.tensors);
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  const bool is_inside = seed % 8 != 0 && transfer::fuzz::mutate_zip_entry(data, size, seed / 8);
  return is_inside ? size : LLVMFuzzerMutate(data, size, capacity);
}
