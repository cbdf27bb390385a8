#include "datasets/copies.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <string_view>

#include "core/cancellation.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/worker_threads.h"
#include "datasets/file_blocks.h"
#include "datasets/formats/image_formats.h"
#include "datasets/image_content.h"

namespace transfer {
namespace {

/// What is known of a file's content, from the cheapest to the dearest.
struct ContentKey {
  std::uint64_t size = 0;  ///< 0: has no copies
  std::uint64_t block = 0;
  std::string whole = {};
  // The same file under two names needs no reading.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool operator==(const ContentKey& other) const {
    return size == other.size && block == other.block && whole == other.whole;
  }
  bool operator<(const ContentKey& other) const {
    return std::tie(size, block, whole) < std::tie(other.size, other.block, other.whole);
  }
};

using Positions = std::vector<std::size_t>;
using Keys = std::vector<ContentKey>;

/// Calls `work(position)` for each of `positions` in several threads: files are waited for more
/// than they are worked on.
void for_each_position(const Positions& positions, const std::function<void(std::size_t)>& work) {
  constexpr std::size_t kMostThreads = 8;
  constexpr std::size_t kFewest = 64;
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    for (std::size_t i = next++; i < positions.size() && stop_signal() == 0; i = next++) {
      work(positions[i]);
    }
  };
  WorkerThreads threads;
  const std::size_t count = std::min(kMostThreads, positions.size() / kFewest);
  threads.start(static_cast<std::int64_t>(count) - 1, run);
  run();
  threads.join();
  throw_if_stopped();
}

/// The positions whose key another one shares, unless all of these are the same file.
Positions shared(const Keys& keys) {
  Positions order;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].size > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&keys](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
  Positions found;
  for (auto first = order.begin(); first != order.end();) {
    const ContentKey& key = keys[*first];
    const auto last =
        std::find_if(first, order.end(), [&](std::size_t i) { return !(keys[i] == key); });
    const bool is_one_file = std::all_of(first, last, [&](std::size_t i) {
      return key.inode != 0 && keys[i].inode == key.inode && keys[i].device == key.device;
    });
    if (!is_one_file) found.insert(found.end(), first, last);
    first = last;
  }
  return found;
}

void read_size(const LabelledFile& file, ContentKey& key) {
  if (file.array != nullptr) {
    const std::string_view pixels = file.array->image(file.position);
    key.size = pixels.size();
    key.block = std::hash<std::string_view>()(pixels);
    return;
  }
  struct stat status {};
  if (::stat(file.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  key.size = static_cast<std::uint64_t>(status.st_size);
  key.device = status.st_dev;
  key.inode = status.st_ino;
}

void read_middle(const LabelledFile& file, ContentKey& key) {
  constexpr std::uint64_t kBlock = 4096;
  if (file.array != nullptr) return;
  const std::uint64_t middle = key.size / 2 - std::min(key.size / 2, kBlock / 2);
  key.block = std::hash<std::string>()(FileBlocks(file.path).read(middle, kBlock));
}

void read_whole(const LabelledFile& file, std::int64_t max_image_bytes, ContentKey& key) {
  constexpr std::size_t kSignature = 16;
  if (file.array == nullptr && format_of(FileBlocks(file.path).read(0, kSignature)) == nullptr) {
    key.size = 0;
    return;
  }
  try {
    Sample sample{file.path, 0, {}, file.array, file.position};
    sample.max_bytes = max_image_bytes;
    key.whole = content_hash(sample);
  } catch (const DataError&) {
    key.size = 0;
  }
}

}  // namespace

std::vector<std::int64_t> copy_groups(const std::vector<LabelledFile>& files,
                                      std::int64_t max_image_bytes) {
  Keys keys(files.size());
  Positions positions(files.size());
  std::iota(positions.begin(), positions.end(), 0);
  for_each_position(positions, [&](std::size_t i) { read_size(files[i], keys[i]); });
  for_each_position(shared(keys), [&](std::size_t i) { read_middle(files[i], keys[i]); });
  for_each_position(shared(keys),
                    [&](std::size_t i) { read_whole(files[i], max_image_bytes, keys[i]); });

  std::map<ContentKey, Positions> groups;
  for (const std::size_t i : positions) {
    if (keys[i].size > 0) groups[keys[i]].push_back(i);
  }
  std::vector<std::int64_t> numbers(files.size(), -1);
  std::int64_t next = 0;
  for (const auto& [key, members] : groups) {
    if (members.size() < 2) continue;
    for (const std::size_t i : members) numbers[i] = next;
    ++next;
  }
  return numbers;
}

}  // namespace transfer
