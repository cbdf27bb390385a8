#include "models/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/errors.h"

namespace transfer {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they lie");

constexpr std::size_t kAlignment = 8;

/// The format's name of a type of elements; nullptr without one.
const char* element_name(torch::ScalarType type) {
  switch (type) {
    case torch::kDouble: return "F64";
    case torch::kFloat: return "F32";
    case torch::kHalf: return "F16";
    case torch::kBFloat16: return "BF16";
    case torch::kLong: return "I64";
    case torch::kInt: return "I32";
    case torch::kShort: return "I16";
    case torch::kChar: return "I8";
    case torch::kByte: return "U8";
    case torch::kBool: return "BOOL";
    default: return nullptr;
  }
}

/// The header with the place of each tensor behind it.
std::string header_of(const std::vector<std::pair<std::string, torch::Tensor>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::size_t begin = 0;
  for (const auto& [name, tensor] : tensors) {
    const char* type = element_name(tensor.scalar_type());
    if (!type) {
      throw ModelError(fmt::format("{}: safetensors cannot hold elements of type {}.", name,
                                   torch::toString(tensor.scalar_type())));
    }
    const std::size_t end = begin + tensor.nbytes();
    header[name] = {
        {"dtype", type}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(std::vector<std::pair<std::string, torch::Tensor>> tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::filesystem::path& file) {
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& one, const auto& other) {
    return one.second.element_size() > other.second.element_size();
  });
  for (auto& [name, tensor] : tensors) tensor = tensor.detach().cpu();
  const std::string header = header_of(tensors, metadata);
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  bytes += header;
  for (const auto& entry : tensors) {
    const torch::Tensor tensor = entry.second.contiguous();
    bytes.append(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  write_file_atomically(file, bytes);
}

}  // namespace transfer
