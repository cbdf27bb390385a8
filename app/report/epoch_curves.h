#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace transfer {

/// Draws the losses and the scores of metrics.jsonl over the epochs, side by side, with a mark at
/// the best epoch, and writes that as PNG, atomically. Lines without an epoch are passed over.
/// Throws OutputError.
void write_epoch_curves(std::string_view json_lines, std::int64_t best_epoch,
                        const std::filesystem::path& file);

}  // namespace transfer
