// Writes what only this program writes, as seeds: a checkpoint and a segment of the feature store.
// Usage: fuzz_stored_seeds FOLDER

#include <fmt/format.h>

#include "fuzz/stored_files.h"
#include "fuzz/target.h"

int main(int count, char** arguments) {
  using namespace transfer;
  if (count != 2) {
    fmt::print(stderr, "Usage: {} FOLDER\n", arguments[0]);
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);

  fuzz::TrainingState state;
  for (auto& [name, tensor] : state.tensors) tensor.mutable_grad() = torch::ones_like(tensor);
  state.optimizer.step();
  TrainingProgress progress;
  progress.epoch = 3;
  progress.broken = {{5, "image.png: is empty"}};
  write_checkpoint(folder / "checkpoint.pt", state.tensors, state.optimizer, progress);
  write_tensors(folder / "tensors.pt", state.tensors);

  FeatureArchive(folder / "features", fuzz::kRowNumbers)
      .rows(fuzz::row_keys(), fuzz::compute_rows, [] {});
  return 0;
}
