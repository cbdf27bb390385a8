#include "app/commands/wrapped_text.h"

#include "core/display_width.h"
#include "core/split_text.h"

namespace transfer {

std::vector<std::string> lines_of_words(const std::string& text, std::size_t width) {
  std::vector<std::string> lines = {""};
  for (const std::string_view word : split_text(text, ' ')) {
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (display_width(line) + 1 + display_width(word) > width) {
      lines.emplace_back(word);
    } else {
      line.append(" ").append(word);
    }
  }
  return lines;
}

std::string wrapped_text(const std::string& text, const std::string& indentation) {
  std::string lines;
  for (const std::string& line : lines_of_words(text, kWidestLine - indentation.size())) {
    lines += indentation + line + "\n";
  }
  return lines;
}

}  // namespace transfer
