#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>

namespace transfer {

/// Adds --tta, which sets the number of views of an image that its prediction is the mean of.
/// `views` must outlive the parsing.
void add_test_time_flag(CLI::App& parser, std::int64_t& views);

}  // namespace transfer
