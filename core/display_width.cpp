#include "core/display_width.h"

#include <locale.h>
#include <wchar.h>

#include "core/utf8.h"

namespace transfer {
namespace {

/// Sets the calling thread's locale to one of UTF-8, which glibc holds itself, for wcwidth().
class Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = ::uselocale(utf8);
  }
  ~Utf8Locale() {
    if (before_ != nullptr) ::uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

  /// One column for what it does not know.
  std::size_t width_of(char32_t letter) const {
    const int columns = before_ == nullptr ? 1 : ::wcwidth(static_cast<wchar_t>(letter));
    return columns < 0 ? 1 : static_cast<std::size_t>(columns);
  }

 private:
  locale_t before_ = nullptr;
};

}  // namespace

std::size_t display_width(std::string_view text) {
  const Utf8Locale locale;
  std::size_t width = 0;
  for (const char32_t letter : code_points(text)) width += locale.width_of(letter);
  return width;
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (!is_utf8(text)) return std::string(text.substr(0, width));
  const Utf8Locale locale;
  std::string result;
  std::size_t used = 1;  // of the sign
  for (const char32_t letter : code_points(text)) {
    used += locale.width_of(letter);
    if (used > width) break;
    append_utf8(result, letter);
  }
  return result + "…";
}

}  // namespace transfer
