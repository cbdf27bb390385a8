#include "models/torch_error.h"

#include <algorithm>
#include <cctype>

namespace transfer {
namespace {

bool is_blank(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isspace(c) != 0; });
}

}  // namespace

std::string cause_of(const std::string& what) {
  constexpr std::size_t kLongest = 300;
  std::string text = what.substr(0, what.find("\nException raised from"));
  // The interpreter puts the error behind the trace of the network's program.
  for (const std::string mark : {"RuntimeError: ", "Error: "}) {
    const auto found = text.rfind("\n" + mark);
    const auto at = text.starts_with(mark) ? 0 : found == std::string::npos ? found : found + 1;
    if (at == std::string::npos) continue;
    text = text.substr(at + mark.size());
    break;
  }
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    if (!is_blank(line)) return line.substr(0, kLongest);
    begin = end + 1;
  }
  return "no reason given";
}

}  // namespace transfer
