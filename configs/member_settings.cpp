#include "configs/member_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "configs/exclusions.h"
#include "configs/fields.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/split_text.h"

namespace transfer {
namespace {

constexpr std::array<std::string_view, 9> kOfTheWholeRun = {
    "strategy",  "quality",          "members",           "task", "head.loss", "out",
    "overwrite", "train.time_limit", "report.tensorboard"};
/// How a network sees the images; which images there are is decided for the whole run.
constexpr std::array<std::string_view, 3> kOfMembersInData = {"data.input_size", "data.resize",
                                                              "data.sampler"};

template <std::size_t N>
bool is_among(const std::array<std::string_view, N>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool is_of_the_whole_run(const std::string& key) {
  return is_among(kOfTheWholeRun, key) ||
         (key.starts_with("data.") && !is_among(kOfMembersInData, key));
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
    std::set<std::string> given;
    for (const std::string_view part : split_text(settings, ';')) {
      const std::string text(without_spaces(part));
      if (text.empty()) continue;
      if (text.find('=') == std::string::npos) {
        throw ConfigError(fmt::format(
            "'{}' is no setting. Expected KEY=VALUE, several separated by semicolons.", text));
      }
      const Setting setting = read_assignment(text, keys);
      if (setting.key != "strategy" && is_of_the_whole_run(setting.key)) {
        throw ConfigError(
            fmt::format("{} is a setting of the whole run. Leave it out.", setting.key));
      }
      if (!given.insert(setting.key).second) {
        throw ConfigError(fmt::format("{} is given twice. Leave one out.", setting.key));
      }
      set_field(field_of(fields, setting.key), setting.value, setting.where);
    }
    if (!given.contains("strategy")) {
      throw ConfigError("it names no strategy. Expected one, such as strategy=freeze-conv.");
    }
    if (std::find(strategies.begin(), strategies.end(), member.strategy) == strategies.end()) {
      throw ConfigError(
          fmt::format("it has the strategy '{}'{}. Expected one of them, such as "
                      "strategy=freeze-conv.",
                      member.strategy, suggestion(member.strategy, strategies)));
    }
    if (!member.head.hidden.empty() && member.train.optimizer == Optimizer::kLbfgs) {
      throw ConfigError(
          "head.hidden needs train.optimizer=adamw, with train.lr and train.epochs: lbfgs fits "
          "heads without hidden layers.");
    }
    refuse_exclusive_settings(member);
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("members: '{}': {}", settings, error.what()));
  }
  return member;
}

}  // namespace transfer
