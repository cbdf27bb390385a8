#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// Text from outside, such as names of files and classes, as one line that a terminal or a log may
/// show. Characters that would move its cursor, change its colours, forge a line or reverse the
/// order of the text, and bytes that are not UTF-8, appear as \n, \xNN or \u{NNNN}; everything else
/// stays as it is. Results for other programs (JSON, CSV) hold the text itself.
std::string visible(std::string_view text);

/// The same for text of several lines: line breaks stay.
std::string visible_lines(std::string_view text);

}  // namespace transfer
