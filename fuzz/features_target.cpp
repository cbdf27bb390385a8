// A segment of the feature store: its keys and its rows in one input, see split_in_two().

#include <ATen/Parallel.h>

#include "core/errors.h"
#include "fuzz/silence.h"
#include "fuzz/stored_files.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  at::set_num_threads(1);
  transfer::fuzz::silence_messages();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const fuzz::ScratchFolder scratch;  // rows that are computed again stay in the folder
  const auto [keys, rows] = fuzz::split_in_two(fuzz::text_of(data, size));
  scratch.write("0.keys", keys);
  scratch.write("0.features", rows);
  FeatureArchive archive(scratch.path(), fuzz::kRowNumbers);
  const auto wanted = fuzz::row_keys();
  const FeatureTable table = archive.rows(wanted, fuzz::compute_rows, [] {});
  // Whatever the segment holds: what comes out is what the images give.
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const auto expected = torch::full({1, fuzz::kRowNumbers}, static_cast<float>(i + 1));
    fuzz::require(torch::equal(table.read(row, 1), expected), "a damaged row is used");
  }
  return 0;
}
