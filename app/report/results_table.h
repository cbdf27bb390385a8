#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// The columns of results.csv for lines of metrics.jsonl: every key of any line, in the lines'
/// order. What is not a JSON object is passed over.
std::vector<std::string> result_columns(std::string_view json_lines);

/// A line of metrics.jsonl as a row of these columns, with its line break. What the line lacks, and
/// NaN, is an empty cell. Empty where the line has a key that is no column.
std::string result_row(const std::vector<std::string>& columns, std::string_view json_line);

/// results.csv: the lines of metrics.jsonl, one row each, below their columns; "" for no lines.
std::string results_table(std::string_view json_lines);

}  // namespace transfer
