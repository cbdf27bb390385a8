#include <fmt/format.h>

#include <map>

#include "models/pickle_reader.h"
#include "models/zip_format.h"

// The part of PickleReader that knows tensors.
namespace transfer {
namespace {

constexpr std::string_view kTensor = "torch._utils\n_rebuild_tensor_v2";
constexpr std::string_view kQuantizedTensor = "torch._utils\n_rebuild_qtensor";

/// Bytes of an element of the storages that LibTorch writes.
std::optional<std::int64_t> element_bytes(std::string_view storage) {
  static const std::map<std::string_view, std::int64_t> sizes = {
      {"torch\nFloatStorage", 4},          {"torch\nDoubleStorage", 8},
      {"torch\nHalfStorage", 2},           {"torch\nBFloat16Storage", 2},
      {"torch\nLongStorage", 8},           {"torch\nIntStorage", 4},
      {"torch\nShortStorage", 2},          {"torch\nCharStorage", 1},
      {"torch\nByteStorage", 1},           {"torch\nBoolStorage", 1},
      {"torch\nComplexHalfStorage", 4},    {"torch\nComplexFloatStorage", 8},
      {"torch\nComplexDoubleStorage", 16}, {"torch\nQInt8Storage", 1},
      {"torch\nQUInt8Storage", 1},         {"torch\nQInt32Storage", 4}};
  const auto found = sizes.find(storage);
  return found == sizes.end() ? std::nullopt : std::optional(found->second);
}

/// Elements from the first of a storage to the last of a tensor; nothing where that overflows.
std::optional<std::int64_t> reach_of(std::int64_t offset, const std::vector<std::int64_t>& sizes,
                                     const std::vector<std::int64_t>& strides) {
  std::int64_t reach = offset;
  std::int64_t count = 1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0) return 0;
    std::int64_t step = 0;
    if (__builtin_mul_overflow(count, sizes[i], &count) ||
        __builtin_mul_overflow(sizes[i] - 1, strides[i], &step) ||
        __builtin_add_overflow(reach, step, &reach)) {
      return std::nullopt;
    }
  }
  if (__builtin_add_overflow(reach, 1, &reach)) return std::nullopt;
  return reach;
}

}  // namespace

void PickleReader::require_known(std::string_view type) const {
  const bool is_tensor = type == kTensor || type == kQuantizedTensor;
  const bool is_other_tensor =
      type.starts_with("torch._utils\n") || type.starts_with("torch._tensor\n");
  if (!is_tensor && is_other_tensor)
    refuse("it holds a tensor of a kind that networks do not have");
}

void PickleReader::call() {
  const std::uint32_t state = pop();
  const Value& function = values_[pop()];
  // Names in the module torch are numbers, except for this one.
  const bool is_number = function.text.starts_with("torch\n") && function.text != "torch\ndevice";
  if (function.kind != Kind::kClass || is_number) refuse("something is called that is no class");
  if (function.text == kTensor || function.text == kQuantizedTensor) require_inside(values_[state]);
  push({.members = {state}});
}

void PickleReader::push_storage() {
  const Value tuple = values_[pop()];
  if (tuple.kind != Kind::kTuple || tuple.members.size() != 5) refuse("a tensor has no record");
  const auto member = [&](std::size_t i) -> const Value& { return values_[tuple.members[i]]; };
  const bool is_storage = member(0).text == "storage" && member(1).kind == Kind::kClass &&
                          member(2).kind == Kind::kText && member(3).kind == Kind::kText &&
                          member(4).kind == Kind::kNumber && member(4).number >= 0;
  const auto bytes = is_storage ? element_bytes(member(1).text) : std::nullopt;
  if (!bytes) refuse("a tensor's record is not of a known type");
  const std::string name = fmt::format("{}{}", tensors_, member(2).text);
  const std::int64_t elements = member(4).number;
  const auto size = size_of_(name);
  if (elements > 0 && !size) refuse(fmt::format("the record {} of a tensor is missing", name));
  if (elements > 0 &&
      static_cast<std::uint64_t>(elements) > *size / static_cast<std::uint64_t>(*bytes)) {
    refuse(
        fmt::format("the record {} is to hold {} numbers and has {} bytes", name, elements, *size));
  }
  push({.kind = Kind::kStorage, .number = elements});
}

std::vector<std::int64_t> PickleReader::numbers_of(const Value& tuple) const {
  std::vector<std::int64_t> numbers;
  for (const std::uint32_t member : tuple.members) {
    const Value& value = values_[member];
    if (value.kind != Kind::kNumber || value.number < 0) refuse("a tensor's shape is no shape");
    numbers.push_back(value.number);
  }
  return numbers;
}

void PickleReader::require_inside(const Value& arguments) const {
  constexpr std::size_t kFewest = 6;
  if (arguments.kind != Kind::kTuple || arguments.members.size() < kFewest) {
    refuse("a tensor is not described");
  }
  const auto member = [&](std::size_t i) -> const Value& { return values_[arguments.members[i]]; };
  const bool has_kinds = member(0).kind == Kind::kStorage && member(1).kind == Kind::kNumber &&
                         member(2).kind == Kind::kTuple && member(3).kind == Kind::kTuple;
  if (!has_kinds || member(1).number < 0) refuse("a tensor is not described");
  const auto sizes = numbers_of(member(2));
  const auto strides = numbers_of(member(3));
  if (sizes.size() != strides.size()) refuse("a tensor's shape is no shape");
  const auto reach = reach_of(member(1).number, sizes, strides);
  if (!reach || *reach > member(0).number) {
    refuse(fmt::format("a tensor reaches beyond the {} numbers of its record", member(0).number));
  }
}

}  // namespace transfer
