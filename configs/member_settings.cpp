#include "configs/member_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "configs/exclusions.h"
#include "configs/fields.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/split_text.h"

namespace transfer {
namespace {

constexpr std::array<std::string_view, 7> kOfTheWholeRun = {
    "strategy", "quality", "members", "train.time_limit", "out", "overwrite", "data.path"};

bool is_of_the_whole_run(const std::string& key) {
  return std::find(kOfTheWholeRun.begin(), kOfTheWholeRun.end(), key) != kOfTheWholeRun.end();
}

std::string_view without_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

std::string settings_of_member(const Config& run, const Config& member) {
  Config before = run;
  Config after = member;
  const auto fields = fields_of(before);
  const auto member_fields = fields_of(after);
  std::string settings = "strategy=" + member.strategy;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].effect == Effect::kPlaceOrSpeed || is_of_the_whole_run(fields[i].key)) continue;
    const std::string value = field_text(member_fields[i]);
    if (value != field_text(fields[i])) settings += fmt::format("; {}={}", fields[i].key, value);
  }
  return settings;
}

Config config_of_member(const Config& run, const std::string& settings,
                        const std::vector<std::string>& strategies) {
  Config member = run;
  member.quality = Quality::kNone;
  member.members.clear();
  member.train.time_limit = {};
  const auto fields = fields_of(member);
  const KnownKeys keys = config_keys();
  try {
    for (const std::string_view part : split_text(settings, ';')) {
      const Setting setting = read_assignment(std::string(without_spaces(part)), keys);
      if (setting.key != "strategy" && is_of_the_whole_run(setting.key)) {
        throw ConfigError(fmt::format("{} is a setting of the whole run. Leave it out.", setting.key));
      }
      set_field(field_of(fields, setting.key), setting.value, setting.where);
    }
    if (std::find(strategies.begin(), strategies.end(), member.strategy) == strategies.end()) {
      throw ConfigError(fmt::format("it has the strategy '{}'{}. Expected one of them, such as "
                                    "strategy=freeze-conv.",
                                    member.strategy, suggestion(member.strategy, strategies)));
    }
    refuse_exclusive_settings(member);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("members: '{}': {}", settings, error.what()));
  }
  return member;
}

}  // namespace transfer
