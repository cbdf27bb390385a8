#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace transfer {

/// Writes tensors in the format safetensors (https://huggingface.co/docs/safetensors): the length
/// of a JSON header as 8 little-endian bytes, the header with type, shape and place of each tensor
/// and `metadata`, then the elements, row-major and without gaps, the widest types first. The
/// header is padded so that every tensor is aligned to the size of its elements. Throws
/// OutputError, and ModelError for a type of elements that the format lacks; no file is left then.
/// REQUIRES: names are different, and none is "__metadata__".
void write_safetensors(std::vector<std::pair<std::string, torch::Tensor>> tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::filesystem::path& file);

}  // namespace transfer
