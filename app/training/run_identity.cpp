#include "app/training/run_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string_view>

#include "configs/fields.h"
#include "core/errors.h"
#include "core/run_files.h"
#include "core/run_format.h"

namespace transfer {
namespace {

constexpr std::array<std::string_view, 7> kMayChange = {
    "data.path",      "backbone",         "train.teacher",   "train.epochs",
    "train.replicas", "train.time_limit", "train.stop_batch"};

std::map<std::string, std::string> values_by_key(const std::string& settings) {
  std::map<std::string, std::string> values;
  std::istringstream lines(settings);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(": ");
    if (colon != std::string::npos) values[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return values;
}

}  // namespace

std::string settings_to_keep(const Config& config) {
  Config copy = config;
  std::string settings;
  for (const Field& field : fields_of(copy)) {
    const bool may_change =
        std::find(kMayChange.begin(), kMayChange.end(), field.key) != kMayChange.end();
    if (field.effect == Effect::kPlaceOrSpeed || may_change) continue;
    settings += fmt::format("{}: {}\n", field.key, field_text(field));
  }
  return settings;
}

void require_same_run(const RunIdentity& found, const RunIdentity& expected,
                      const std::filesystem::path& file) {
  if (!found.data.empty() && !expected.data.empty() && found.data != expected.data) {
    throw ModelError(fmt::format(
        "{}: belongs to another run, with other images, classes or another backbone. Put back what "
        "this run wrote, or train again from the start: {}",
        file.string(), train_again_command(file.parent_path())));
  }
  if (found.settings.empty() || expected.settings.empty()) return;
  const auto written = values_by_key(found.settings);
  for (const auto& [key, value] : values_by_key(expected.settings)) {
    const auto before = written.find(key);
    if (before == written.end() || before->second == value) continue;
    throw ConfigError(fmt::format(
        "{}: {} is {}, but {} was trained with {}. Put that value back, or train again from the "
        "start: {}",
        (file.parent_path() / run_file::kConfig).string(), key, value, file.filename().string(),
        before->second, train_again_command(file.parent_path())));
  }
}

}  // namespace transfer
