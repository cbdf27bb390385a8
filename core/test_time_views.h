#pragma once

#include <cstdint>
#include <string>

namespace transfer {

/// Most views of an image that test-time augmentation takes the mean over.
constexpr std::int64_t kMostTestTimeViews = 10;

/// The number of views that `none`, `flip` or a number from 2 to kMostTestTimeViews asks for: 1 for
/// none, 2 for flip. What the views show is in app/features/test_time_views.h. Throws ConfigError,
/// which begins with `where` unless that is empty, for anything else.
std::int64_t parse_test_time_views(const std::string& text, const std::string& where);

}  // namespace transfer
