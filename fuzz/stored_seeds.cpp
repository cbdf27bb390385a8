// Writes what only this program writes, as seeds: a checkpoint, a segment of the feature store, and
// a trained model of a backbone with 4 features. Usage: fuzz_stored_seeds FOLDER BACKBONE

#include <fmt/format.h>

#include "fuzz/stored_files.h"
#include "fuzz/target.h"
#include "models/backbone.h"
#include "models/classifier.h"

int main(int count, char** arguments) {
  using namespace transfer;
  if (count != 3) {
    fmt::print(stderr, "Usage: {} FOLDER BACKBONE\n", arguments[0]);
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

  const auto backbone = Backbone::load(arguments[2]);
  write_classifier(backbone, "", linear_head(torch::ones({2, 4}), torch::zeros({2})), {"a", "b"},
                   folder / "model.pt");
  return 0;
}
