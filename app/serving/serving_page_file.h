#pragma once

#include <string_view>

namespace transfer {

/// The text of a file of app/serving/page/, which the build compiles into the program
/// (cmake/EmbedText.cmake). Throws std::out_of_range for another name.
std::string_view serving_page_file(std::string_view name);

}  // namespace transfer
