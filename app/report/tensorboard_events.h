#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace transfer::tensorboard {

// The records of an event file, which TensorBoard reads: TensorFlow's TFRecord framing around
// protocol buffers of its Event (tensorflow/core/util/event.proto), written by hand.

/// CRC-32C (Castagnoli), which the framing uses.
std::uint32_t crc32c_of(std::string_view bytes);

/// The record that every event file begins with.
std::string first_record(double wall_time);

/// Records of one value at a step, under a tag such as "loss/train". `wall_time` is in seconds
/// since 1970.
std::string scalar_record(double wall_time, std::int64_t step, const std::string& tag, float value);
/// `png` is the content of a PNG file.
std::string image_record(double wall_time, std::int64_t step, const std::string& tag,
                         std::string_view png);
/// Shown as Markdown.
std::string text_record(double wall_time, std::int64_t step, const std::string& tag,
                        const std::string& text);

}  // namespace transfer::tensorboard
