#include "models/pickle_check.h"

#include <fmt/format.h>

#include <unordered_map>

#include "models/pickle_reader.h"

namespace transfer {
namespace {

/// Following a pickle takes up to sixty times its size.
constexpr std::uint64_t kLargestPickle = std::uint64_t{1} << 26;

}  // namespace

void require_sound_pickles(const ArchiveFile& archive) {
  std::unordered_map<std::string, std::uint64_t> sizes;
  for (const ArchiveRecord& record : archive.records()) sizes.emplace(record.name, record.size);
  const RecordSize size_of = [&sizes](const std::string& name) -> std::optional<std::uint64_t> {
    const auto found = sizes.find(name);
    return found == sizes.end() ? std::nullopt : std::optional(found->second);
  };
  for (const ArchiveRecord& record : archive.records()) {
    // LibTorch passes over others, such as the input of a trace, whose tensors have no bytes.
    const bool is_read = record.name == "data.pkl" || record.name == "constants.pkl" ||
                         record.name.ends_with(".debug_pkl");
    if (!is_read) continue;
    if (record.size > kLargestPickle) {
      throw DamagedArchive(
          fmt::format("{} has {} bytes, more than that of any network", record.name, record.size));
    }
    const std::string bytes = archive.contents(record);
    const std::string folder = record.name.substr(0, record.name.rfind('.')) + "/";
    try {
      PickleReader(bytes, folder, size_of).read();
    } catch (const DamagedArchive& damage) {
      throw DamagedArchive(fmt::format("{} is no sound pickle ({})", record.name, damage.what()));
    }
  }
}

}  // namespace transfer
