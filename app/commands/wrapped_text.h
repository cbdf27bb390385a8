#pragma once

#include <string>
#include <vector>

namespace transfer {

/// The widest line of help and of lists for people.
inline constexpr std::size_t kWidestLine = 99;

/// The words of `text` in lines of at most `width` characters.
std::vector<std::string> lines_of_words(const std::string& text, std::size_t width);

/// The text in lines of at most kWidestLine characters, each behind `indentation`.
std::string wrapped_text(const std::string& text, const std::string& indentation);

}  // namespace transfer
