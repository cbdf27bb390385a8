#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "models/frozen_trunk.h"

/// The frozen network alone, as the program's passes run it: streams of one thread each on random
/// images in memory. Prints the milliseconds an image of each round.
///
/// Usage: frozen_pass BACKBONE.pt STREAMS IMAGES ROUNDS auto|off
int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: frozen_pass BACKBONE.pt STREAMS IMAGES ROUNDS auto|off\n");
    return 2;
  }
  using namespace transfer;
  const auto number = [argv](int position) { return std::strtol(argv[position], nullptr, 10); };
  const std::int64_t streams = number(2);
  const std::int64_t images_of_stream = number(3) / streams;
  const auto fusion = std::string_view(argv[5]) == "off" ? Fusion::kOff : Fusion::kAuto;
  const Backbone backbone = Backbone::load(argv[1]);
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU, fusion);
  const Preprocessing& p = backbone.metadata().preprocessing;
  constexpr std::int64_t kBatch = 8;
  torch::manual_seed(0);
  const auto images = torch::randn({kBatch, p.channels, p.height, p.width})
                          .contiguous(torch::MemoryFormat::ChannelsLast);
  at::set_num_threads(1);
  trunk.features(images);  // compiles
  for (std::int64_t round = 0; round < number(4); ++round) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (std::int64_t stream = 0; stream < streams; ++stream) {
      threads.emplace_back([&] {
        at::set_num_threads(1);
        for (std::int64_t done = 0; done < images_of_stream; done += kBatch) {
          trunk.features(images);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    fmt::print("{:.3f}\n", spent.count() / static_cast<double>(images_of_stream * streams));
  }
}
