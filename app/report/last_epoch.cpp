#include "app/report/last_epoch.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "app/report/metrics_report.h"
#include "core/run_files.h"

namespace transfer {
namespace {

/// A line is much shorter.
constexpr std::streamoff kTail = 8192;

/// The last line of the file that ends with a line break; empty where there is none.
std::string last_whole_line(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? std::streamoff{stream.tellg()} : 0;
  stream.seekg(std::max<std::streamoff>(size - kTail, 0));
  std::string tail{std::istreambuf_iterator<char>(stream), {}};
  const auto end = tail.rfind('\n');
  if (end == std::string::npos) return "";
  tail.resize(end);
  return tail.substr(tail.rfind('\n') + 1);  // npos + 1 is 0
}

}  // namespace

std::optional<LastEpoch> read_last_epoch(const std::filesystem::path& run_directory) {
  const auto line = nlohmann::json::parse(last_whole_line(run_directory / run_file::kMetrics),
                                          nullptr, /*allow_exceptions=*/false);
  const auto number = [&line](const std::string& key) {
    const auto found = line.find(key);
    const bool is_number = found != line.end() && found->is_number();
    return is_number ? std::optional(found->get<double>()) : std::nullopt;
  };
  if (!line.is_object() || !number("epoch")) return std::nullopt;
  LastEpoch last;
  last.epoch = static_cast<std::int64_t>(*number("epoch"));
  last.seconds = number("seconds").value_or(0);
  if (const auto name = find_score(line, "val_")) {
    if (const auto value = number("val_" + std::string(name->key))) last.score = {*name, *value};
  }
  return last;
}

}  // namespace transfer
