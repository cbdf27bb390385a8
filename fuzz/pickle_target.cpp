// A pickle of a model or checkpoint, as it is followed before LibTorch reads it.

#include "fuzz/target.h"
#include "models/pickle_reader.h"
#include "models/zip_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  const RecordSize size_of = [](const std::string& name) -> std::optional<std::uint64_t> {
    return name.size() % 2 == 0 ? std::optional<std::uint64_t>(name.size()) : std::nullopt;
  };
  fuzz::succeeds<DamagedArchive>(
      "byte ", [&] { PickleReader(fuzz::text_of(data, size), "data/", size_of).read(); });
  return 0;
}
