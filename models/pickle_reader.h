#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The bytes of a record by its name; nothing where there is no such record.
using RecordSize = std::function<std::optional<std::uint64_t>(const std::string& name)>;

/// Follows one pickle of the opcodes that LibTorch reads (Python's pickle, protocol 2). Values are
/// kept only as far as the check needs them; see require_sound_pickles().
class PickleReader {
 public:
  /// `bytes` and `size_of` must outlive the object. The tensors' records lie in the folder
  /// `tensors`, such as "data/".
  PickleReader(std::string_view bytes, std::string tensors, const RecordSize& size_of)
      : bytes_(bytes), tensors_(std::move(tensors)), size_of_(size_of) {}

  /// Throws DamagedArchive "byte N: reason".
  void read();

 private:
  enum class Kind { kOther, kNumber, kText, kTuple, kList, kDict, kClass, kStorage };

  struct Value {
    Kind kind = Kind::kOther;
    /// A number; of a storage its elements.
    std::int64_t number = 0;
    /// A text; of a class its module and name, with a line break between them.
    std::string_view text = {};
    /// Positions in values_.
    std::vector<std::uint32_t> members = {};
  };

  [[noreturn]] void refuse(std::string_view reason) const;
  std::string_view take(std::uint64_t count);
  std::uint64_t number(int size);
  std::string_view line();

  void push(Value value);
  /// The value `depth` below the top of the stack, which no mark hides.
  std::uint32_t at(std::size_t depth) const;
  std::uint32_t pop();
  std::vector<std::uint32_t> pop_to_mark();
  void remember(std::uint64_t id);
  void recall(std::uint64_t id);

  /// Each follows an opcode of its kind; false for others.
  bool follow_plain(char opcode);
  bool follow_text(char opcode);
  bool follow_container(char opcode);
  bool follow_object(char opcode);

  void push_tuple(std::size_t size);
  void fill(Kind kind, std::uint32_t container, std::vector<std::uint32_t> members);
  /// Throws where LibTorch does more for a class than this reader follows.
  void require_known(std::string_view type) const;
  void push_storage();
  /// A call of a class or function: REDUCE and BUILD.
  void call();
  void require_inside(const Value& arguments) const;
  /// Members of a tuple of whole numbers from 0 on.
  std::vector<std::int64_t> numbers_of(const Value& tuple) const;
  /// Throws where values hold themselves or are nested deeper than destructors can follow.
  void require_shallow() const;

  std::string_view bytes_;
  std::string tensors_;
  const RecordSize& size_of_;
  std::uint64_t position_ = 0;
  std::vector<Value> values_;
  std::vector<std::uint32_t> stack_;
  std::vector<std::size_t> marks_;
  std::vector<std::optional<std::uint32_t>> memo_;
};

}  // namespace transfer
