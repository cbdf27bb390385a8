#include <fmt/format.h>

#include <cstdlib>

#include "core/stopwatch.h"
#include "datasets/loader.h"
#include "models/backbone.h"

/// The loader alone: decodes, resizes, crops and normalises the images of a folder as a pass does,
/// on WORKERS threads. Prints images and seconds of each round.
///
/// Usage: loader_alone BACKBONE.pt FOLDER WORKERS ROUNDS
int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: loader_alone BACKBONE.pt FOLDER WORKERS ROUNDS\n");
    return 2;
  }
  using namespace transfer;
  const auto number = [argv](int position) { return std::strtol(argv[position], nullptr, 10); };
  std::vector<Sample> samples;
  for (std::string& image : list_images(argv[2]).images) samples.push_back({std::move(image)});
  LoaderOptions options;
  options.preprocessing = Backbone::load(argv[1]).metadata().preprocessing;
  options.batch_size = 8;
  options.workers = number(3);
  for (std::int64_t round = 0; round < number(4); ++round) {
    const Stopwatch clock;
    Loader loader(samples, options);
    std::int64_t images = 0;
    while (const auto batch = loader.next()) images += batch->count;
    fmt::print("{} {:.4f}\n", images, clock.seconds());
  }
}
