#pragma once

#include <string_view>

namespace transfer {

/// The text of a file of app/report/page/, or of Chart.js as "chart.min.js", which the build
/// compiles into the program (cmake/EmbedText.cmake). Throws std::out_of_range for another name.
std::string_view page_file(std::string_view name);

}  // namespace transfer
