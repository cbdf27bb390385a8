// MNIST's IDX files, compressed or not: images and labels in one input, see split_in_two().

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/errors.h"
#include "datasets/labelled_files.h"
#include "fuzz/target.h"

namespace transfer::fuzz {
namespace {

constexpr int kGzip = 15 + 16;  // zlib: the largest window, in gzip's format
constexpr std::size_t kMostUnpacked = 1 << 16;

/// The bytes without gzip's compression; empty where they are damaged.
std::vector<std::uint8_t> unpacked(std::string_view packed) {
  std::vector<std::uint8_t> bytes(kMostUnpacked);
  z_stream stream{};
  if (inflateInit2(&stream, kGzip) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<unsigned>(packed.size());
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<unsigned>(bytes.size());
  const int status = inflate(&stream, Z_FINISH);
  bytes.resize(status == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return bytes;
}

std::string packed(const std::vector<std::uint8_t>& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<unsigned>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<unsigned>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

/// What is behind gzip's compression, changed; "" where the bytes are not compressed.
std::string mutated_inside(std::string_view bytes) {
  if (!is_gzip(bytes)) return "";
  auto inside = unpacked(bytes);
  if (inside.empty()) return "";
  const std::size_t size = inside.size();
  inside.resize(size + 64);
  inside.resize(LLVMFuzzerMutate(inside.data(), size, inside.size()));
  return packed(inside);
}

}  // namespace
}  // namespace transfer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  static const fuzz::ScratchFolder scratch;
  const auto [images, labels] = fuzz::split_in_two(fuzz::text_of(data, size));
  const std::string gz = fuzz::is_gzip(images) ? ".gz" : "";
  const auto images_file = scratch.write("train-images-idx3-ubyte" + gz, images);
  const auto labels_file = scratch.write("train-labels-idx1-ubyte" + gz, labels);
  fuzz::require(is_idx_folder(scratch.path()), "an IDX folder is not recognised");
  fuzz::succeeds<DataError>(scratch.path().string(), [&] {
    for (const LabelledFile& file : read_idx(scratch.path(), fuzz::kMaxImageBytes).files) {
      const auto count = static_cast<std::uint64_t>(file.array->count());
      fuzz::require(file.array != nullptr && file.labels.size() == 1 && file.position >= 0 &&
                        static_cast<std::uint64_t>(file.position) < count,
                    "an image lies outside of its array");
    }
  });
  std::filesystem::remove(images_file);
  std::filesystem::remove(labels_file);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed) {
  using namespace transfer;
  if (seed % 4 == 0) return LLVMFuzzerMutate(data, size, capacity);
  const auto [images, labels] = fuzz::split_in_two(fuzz::text_of(data, size));
  std::string first(images);
  std::string second(labels);
  std::string& chosen = seed % 4 == 1 ? second : first;
  const std::string changed = fuzz::mutated_inside(chosen);
  if (changed.empty() || 4 + first.size() + second.size() + 128 > capacity) {
    return LLVMFuzzerMutate(data, size, capacity);
  }
  chosen = changed;
  std::string result(4, '\0');
  for (std::size_t i = 0; i < 4; ++i) {
    result[i] = static_cast<char>((first.size() >> (8 * i)) & 0xFF);
  }
  result += first + second;
  const std::size_t written = std::min(result.size(), capacity);
  std::memcpy(data, result.data(), written);
  return written;
}
