#pragma once

#include <string>
#include <string_view>

namespace transfer {

/// `text` without white space at its ends (Unicode's spaces and byte order marks included).
std::string trimmed(std::string_view text);

/// What two names share that look the same in print: white space at the ends is cut off, inner
/// white space becomes one space, and a letter with a mark becomes both (as Unicode's form NFD has
/// them, "é" → "e" and U+0301). Only for comparing, never for showing.
std::string printed_form(std::string_view name);

/// printed_form() in small letters (Latin, Greek and Cyrillic). Only for comparing.
std::string caseless_form(std::string_view name);

}  // namespace transfer
