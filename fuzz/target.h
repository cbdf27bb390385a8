#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

/// What a fuzz target defines: libFuzzer, or loop_driver.cpp in its place, calls it with one input
/// after the other. Whatever leaves it as an exception, a signal or a report of a sanitizer is a
/// finding. See CONTRIBUTING.md.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Optional: changes an input in place, which may grow to `capacity` bytes; returns its new size.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t capacity, unsigned seed);

/// Given by the driver, for custom mutators: changes bytes at random, likewise.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t capacity);

namespace transfer::fuzz {

/// The limit of bytes that a decoded image may take: small, so that a million of them take little
/// time, and that a decoder that does not heed it is noticed (fuzz/run.py limits its memory).
constexpr std::int64_t kMaxImageBytes = std::int64_t{1} << 22;

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process, which makes the input a finding, where `holds` is false.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "FINDING: {}\n", what);
  std::abort();
}

/// Runs `action`. Returns whether it succeeded; the only other way out is a Refusal whose message
/// names `name`.
template <typename Refusal, typename Action>
bool succeeds(std::string_view name, const Action& action) {
  try {
    action();
    return true;
  } catch (const Refusal& refusal) {
    const std::string_view message = refusal.what();
    require(message.find(name) != message.npos,
            fmt::format("the refusal does not name '{}': {}", name, message));
    return false;
  }
}

/// An empty folder in memory (where the system has /dev/shm), removed when the process ends.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code missing;
    const std::filesystem::path memory = "/dev/shm";
    const auto parent = std::filesystem::is_directory(memory, missing)
                            ? memory
                            : std::filesystem::temp_directory_path();
    std::string name = (parent / "transfer-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "no folder for files can be made");
    folder_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  /// Writes a file of that name. Returns its path.
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    auto file = folder_ / name;
    std::FILE* stream = std::fopen(file.c_str(), "wb");
    require(stream != nullptr, "a file cannot be written");
    std::fwrite(bytes.data(), 1, bytes.size(), stream);
    std::fclose(stream);
    return file;
  }

  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// Two files in one input: the size of the first in 4 bytes, little-endian, then the first and the
/// second. A size beyond the end takes all there is.
struct TwoFiles {
  std::string_view first;
  std::string_view second;
};

inline TwoFiles split_in_two(std::string_view input) {
  constexpr std::size_t kSizeBytes = 4;
  if (input.size() < kSizeBytes) return {};
  std::size_t size = 0;
  for (std::size_t i = kSizeBytes; i > 0; --i) {
    size = (size << 8) | static_cast<unsigned char>(input[i - 1]);
  }
  input.remove_prefix(kSizeBytes);
  size = size < input.size() ? size : input.size();
  return {input.substr(0, size), input.substr(size)};
}

}  // namespace transfer::fuzz
