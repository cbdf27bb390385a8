#include "core/name_form.h"

#include <algorithm>
#include <iterator>

#include "core/utf8.h"

namespace transfer {
namespace {

struct Decomposition {
  char32_t composed;
  char32_t letter;
  char32_t mark;
};

constexpr Decomposition kDecompositions[] = {
#include "core/canonical_decompositions.inc"
};

/// White space, and characters without any width.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200B) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000 || c == 0xFEFF;
}

/// Unicode's rule for Hangul syllables (The Unicode Standard, 3.12).
bool append_hangul(std::u32string& text, char32_t c) {
  if (c < 0xAC00 || c > 0xD7A3) return false;
  const char32_t syllable = c - 0xAC00;
  text.push_back(0x1100 + syllable / 588);
  text.push_back(0x1161 + syllable % 588 / 28);
  if (syllable % 28 > 0) text.push_back(0x11A7 + syllable % 28);
  return true;
}

void append_decomposed(std::u32string& text, char32_t c) {
  if (append_hangul(text, c)) return;
  const auto* found =
      std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), c,
                       [](const Decomposition& d, char32_t value) { return d.composed < value; });
  if (found == std::end(kDecompositions) || found->composed != c) {
    text.push_back(c);
    return;
  }
  append_decomposed(text, found->letter);
  text.push_back(found->mark);
}

/// Sorts each run of marks, so that their order does not count.
void sort_marks(std::u32string& text) {
  const auto is_mark = [](char32_t c) { return c >= 0x300 && c <= 0x36F; };
  for (auto first = text.begin(); first != text.end();) {
    first = std::find_if(first, text.end(), is_mark);
    const auto last = std::find_if_not(first, text.end(), is_mark);
    std::sort(first, last);
    first = last;
  }
}

char32_t small_letter(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (within('A', 'Z') || within(0x391, 0x3A9) || within(0x410, 0x42F)) return c + 32;
  if (within(0xC6, 0xDE) && c != 0xD7) return c + 32;
  if (within(0x400, 0x40F)) return c + 80;
  // Đ, Ł and other pairs of neighbours in Latin Extended-A.
  if ((within(0x100, 0x137) || within(0x14A, 0x177)) && c % 2 == 0) return c + 1;
  if ((within(0x139, 0x148) || within(0x179, 0x17E)) && c % 2 == 1) return c + 1;
  return c;
}

std::u32string printed(std::string_view name) {
  std::u32string text;
  bool space_before = false;
  for (const char32_t c : code_points(name)) {
    if (is_space(c)) {
      space_before = !text.empty();
      continue;
    }
    if (space_before) text.push_back(' ');
    space_before = false;
    append_decomposed(text, c);
  }
  sort_marks(text);
  return text;
}

std::string to_utf8(const std::u32string& points) {
  std::string text;
  for (const char32_t c : points) append_utf8(text, c);
  return text;
}

}  // namespace

std::string trimmed(std::string_view text) {
  if (!is_utf8(text)) {  // such as a file's name
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
  }
  const std::u32string points = code_points(text);
  const auto first = std::find_if_not(points.begin(), points.end(), is_space);
  const auto last = std::find_if_not(points.rbegin(), points.rend(), is_space).base();
  return first < last ? to_utf8({first, last}) : "";
}

std::string printed_form(std::string_view name) { return to_utf8(printed(name)); }

std::string caseless_form(std::string_view name) {
  std::u32string text = printed(name);
  std::transform(text.begin(), text.end(), text.begin(), small_letter);
  return to_utf8(text);
}

}  // namespace transfer
