#include "datasets/formats/webp_animation.h"

#include <algorithm>

#include "datasets/formats/number_reader.h"

namespace transfer {
namespace {

constexpr std::size_t kRiffHeader = 12;  // "RIFF", the size, "WEBP"
constexpr std::size_t kChunkHeader = 8;  // type and size
constexpr std::size_t kFrameHeader = 16;

struct RiffChunk {
  std::string_view type;
  std::string_view data;
};

/// The chunk at `position`, which moves behind it; nothing at the end and where the chunk is cut.
std::optional<RiffChunk> next_chunk(std::string_view bytes, std::size_t& position) {
  const auto size = NumberReader{bytes, /*little_endian=*/true}.read(position + 4, 4);
  if (!size || *size > bytes.size() - position - kChunkHeader) return std::nullopt;
  const RiffChunk chunk{bytes.substr(position, 4), bytes.substr(position + kChunkHeader, *size)};
  position += kChunkHeader + (*size + 1) / 2 * 2;
  return chunk;
}

std::string little_endian(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i) & 255);
  return bytes;
}

std::string chunk_bytes(std::string_view type, std::string_view data) {
  std::string bytes(type);
  bytes += little_endian(data.size(), 4);
  bytes += data;
  if (data.size() % 2 != 0) bytes += '\0';
  return bytes;
}

/// The frame's chunks as a file. Where alpha has a chunk of its own, the file must announce it.
std::string still_file(std::string_view frame) {
  std::string chunks;
  std::size_t position = kFrameHeader;
  while (const auto chunk = next_chunk(frame, position)) {
    if (chunk->type == "ALPH") {
      constexpr char kHasAlpha = 0x10;
      const std::string flags{kHasAlpha, 0, 0, 0};
      chunks += chunk_bytes("VP8X", flags + std::string(frame.substr(6, 6)));
    }
    if (chunk->type == "ALPH" || chunk->type == "VP8 " || chunk->type == "VP8L") {
      chunks += chunk_bytes(chunk->type, chunk->data);
    }
    if (position >= frame.size()) break;
  }
  return "RIFF" + little_endian(chunks.size() + 4, 4) + "WEBP" + chunks;
}

}  // namespace

bool is_webp_animation(std::string_view start) {
  constexpr std::size_t kFlagsAt = kRiffHeader + kChunkHeader;
  constexpr char kHasAnimation = 0x02;
  return start.size() > kFlagsAt && start.substr(kRiffHeader, 4) == "VP8X" &&
         (start[kFlagsAt] & kHasAnimation) != 0;
}

std::optional<WebpFrame> first_webp_frame(std::string_view bytes) {
  std::size_t position = kRiffHeader;
  while (const auto chunk = next_chunk(bytes, position)) {
    if (chunk->type != "ANMF") continue;
    const NumberReader header{chunk->data, /*little_endian=*/true};
    const auto left = header.read(0, 3);
    const auto top = header.read(3, 3);
    if (!left || !top || chunk->data.size() < kFrameHeader) return std::nullopt;
    return WebpFrame{still_file(chunk->data),
                     {static_cast<int>(2 * *left), static_cast<int>(2 * *top)}};
  }
  return std::nullopt;
}

std::int64_t webp_frames(std::string_view bytes) {
  if (!is_webp_animation(bytes)) return 1;  // its decoder passes frames over that a still image has
  std::int64_t frames = 0;
  std::size_t position = kRiffHeader;
  while (const auto chunk = next_chunk(bytes, position)) frames += chunk->type == "ANMF" ? 1 : 0;
  return std::max<std::int64_t>(frames, 1);
}

}  // namespace transfer
