#pragma once

#include <string_view>

namespace transfer {

/// The orientation tag (1 to 8) of an EXIF block that starts with "Exif\0\0", as JPEG's APP1
/// segment carries it; 1 (upright) when the block is damaged or says nothing. Source: CIPA DC-008,
/// tag 0x0112.
int exif_orientation(std::string_view block);

}  // namespace transfer
