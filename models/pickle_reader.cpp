#include "models/pickle_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "models/zip_format.h"

namespace transfer {
void PickleReader::refuse(std::string_view reason) const {
  throw DamagedArchive(fmt::format("byte {}: {}", position_, reason));
}

std::string_view PickleReader::take(std::uint64_t count) {
  if (count > bytes_.size() - position_) refuse("it ends too early");
  const auto taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

std::uint64_t PickleReader::number(int size) {
  const auto taken = take(static_cast<std::uint64_t>(size));
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) {
    value = (value << 8) | static_cast<unsigned char>(taken[static_cast<std::size_t>(i)]);
  }
  return value;
}

std::string_view PickleReader::line() {
  const auto end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) refuse("a name never ends");
  return take(end - position_ + 1);
}

void PickleReader::push(Value value) {
  stack_.push_back(static_cast<std::uint32_t>(values_.size()));
  values_.push_back(std::move(value));
}

std::uint32_t PickleReader::at(std::size_t depth) const {
  const std::size_t hidden = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() - hidden <= depth) refuse("a value is missing");
  return stack_[stack_.size() - 1 - depth];
}

std::uint32_t PickleReader::pop() {
  const std::uint32_t top = at(0);
  stack_.pop_back();
  return top;
}

std::vector<std::uint32_t> PickleReader::pop_to_mark() {
  if (marks_.empty()) refuse("a mark is missing");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<std::uint32_t> members(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return members;
}

void PickleReader::remember(std::uint64_t id) {
  // Every value that is remembered takes more than a byte.
  if (id >= bytes_.size()) refuse("a value is numbered higher than there can be values");
  if (id >= memo_.size()) memo_.resize(id + 1);
  memo_[id] = at(0);
}

void PickleReader::recall(std::uint64_t id) {
  if (id >= memo_.size() || !memo_[id]) refuse("a value is used before it is there");
  stack_.push_back(*memo_[id]);
}

bool PickleReader::follow_plain(char opcode) {
  switch (opcode) {
    case 'N':
    case '\x88':
    case '\x89': push({}); return true;  // none, true, false
    case 'G':
      take(8);
      push({});
      return true;
    case 'K':
    case 'M':
      push({.kind = Kind::kNumber,
            .number = static_cast<std::int64_t>(number(opcode == 'K' ? 1 : 2))});
      return true;
    case 'J':
      push({.kind = Kind::kNumber,
            .number = std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(number(4)))});
      return true;
    case '\x8A':
      if (number(1) != 8) refuse("a long number has not 8 bytes");
      push({.kind = Kind::kNumber, .number = std::bit_cast<std::int64_t>(number(8))});
      return true;
    case 'q': remember(number(1)); return true;
    case 'r': remember(number(4)); return true;
    case 'h': recall(number(1)); return true;
    case 'j': recall(number(4)); return true;
    case '(': marks_.push_back(stack_.size()); return true;
    default: return false;
  }
}

bool PickleReader::follow_text(char opcode) {
  if (opcode == 'X') {
    push({.kind = Kind::kText, .text = take(number(4))});
    return true;
  }
  if (opcode != 'c') return false;
  const std::size_t begin = position_;
  line();
  line();
  const std::string_view type = bytes_.substr(begin, position_ - begin - 1);
  require_known(type);
  push({.kind = Kind::kClass, .text = type});
  return true;
}

void PickleReader::push_tuple(std::size_t size) {
  Value tuple{.kind = Kind::kTuple};
  for (std::size_t i = 0; i < size; ++i) tuple.members.push_back(pop());
  std::reverse(tuple.members.begin(), tuple.members.end());
  push(std::move(tuple));
}

void PickleReader::fill(Kind kind, std::uint32_t container, std::vector<std::uint32_t> members) {
  Value& value = values_[container];
  if (value.kind != kind) refuse("values are put into something that holds none");
  if (kind == Kind::kDict && members.size() % 2 != 0) refuse("a key has no value");
  value.members.insert(value.members.end(), members.begin(), members.end());
}

bool PickleReader::follow_container(char opcode) {
  switch (opcode) {
    case ')': push({.kind = Kind::kTuple}); return true;
    case ']': push({.kind = Kind::kList}); return true;
    case '}': push({.kind = Kind::kDict}); return true;
    case 't': push({.kind = Kind::kTuple, .members = pop_to_mark()}); return true;
    case '\x85': push_tuple(1); return true;
    case '\x86': push_tuple(2); return true;
    case '\x87': push_tuple(3); return true;
    case 'l':
    case 'd': {
      auto members = pop_to_mark();
      const Kind kind = opcode == 'l' ? Kind::kList : Kind::kDict;
      push({.kind = kind});
      fill(kind, at(0), std::move(members));
      return true;
    }
    case 'e':
    case 'u': {
      auto members = pop_to_mark();
      fill(opcode == 'e' ? Kind::kList : Kind::kDict, at(0), std::move(members));
      return true;
    }
    case 's': {
      const std::uint32_t value = pop();
      const std::uint32_t key = pop();
      fill(Kind::kDict, at(0), {key, value});
      return true;
    }
    default: return false;
  }
}

bool PickleReader::follow_object(char opcode) {
  switch (opcode) {
    case '\x81':  // an object without its state
      if (values_[pop()].kind != Kind::kTuple || values_[at(0)].kind != Kind::kClass) {
        refuse("an object has no class");
      }
      return true;
    case 'R':
    case 'b': call(); return true;
    case 'Q': push_storage(); return true;
    default: return false;
  }
}

void PickleReader::require_shallow() const {
  constexpr int kDeepest = 1000;
  constexpr int kUnknown = 0;
  constexpr int kBeingFound = -1;
  std::vector<int> depths(values_.size(), kUnknown);
  std::vector<std::pair<std::uint32_t, std::size_t>> path;  // a value and its next member
  std::uint32_t root = 0;
  while (!path.empty() || root < values_.size()) {
    if (path.empty()) path.emplace_back(root++, 0);
    auto& [value, next] = path.back();
    const auto& members = values_[value].members;
    if (next == 0 && depths[value] == kUnknown) depths[value] = kBeingFound;
    if (depths[value] == kBeingFound && next < members.size()) {
      const std::uint32_t member = members[next++];
      if (depths[member] == kBeingFound) refuse("a value holds itself");
      if (depths[member] == kUnknown) path.emplace_back(member, 0);
      if (path.size() > kDeepest) refuse("values lie too deep in each other");
      continue;
    }
    if (depths[value] == kBeingFound) {
      int deepest = 0;
      for (const std::uint32_t member : members) deepest = std::max(deepest, depths[member]);
      depths[value] = deepest + 1;
      if (depths[value] > kDeepest) refuse("values lie too deep in each other");
    }
    path.pop_back();
  }
}

void PickleReader::read() {
  if (number(1) != 0x80 || number(1) != 2) refuse("it is no pickle of protocol 2");
  while (true) {
    const char opcode = take(1).front();
    if (opcode == '.') break;
    if (follow_plain(opcode) || follow_text(opcode) || follow_container(opcode) ||
        follow_object(opcode)) {
      continue;
    }
    refuse(fmt::format("the opcode {:#04x} is not known", static_cast<unsigned char>(opcode)));
  }
  if (stack_.size() != 1 || !marks_.empty()) refuse("it does not end in one value");
  require_shallow();
}

}  // namespace transfer
