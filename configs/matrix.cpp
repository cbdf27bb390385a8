#include "configs/matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "configs/batch.h"
#include "configs/fields.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

bool is_whole_key(const std::string& key) {
  Config config;
  for (const Field& field : fields_of(config)) {
    if (field.key != key) continue;
    return std::holds_alternative<std::int64_t*>(field.target) ||
           std::holds_alternative<std::optional<std::int64_t>*>(field.target);
  }
  return false;
}

double number_of(const YAML::Node& range, const char* key, const std::string& where,
                 const std::string& file) {
  const YAML::Node node = range[key];
  double number = 0;
  if (node && node.IsScalar() && YAML::convert<double>::decode(node, number)) return number;
  throw ConfigError(fmt::format("{}: {}: expected a number, such as {{low: 1.0e-5, high: 0.01}}",
                                node ? place_of(node, file) : where, key));
}

/// Throws ConfigError for a key that the map of the file does not have.
void require_keys(const YAML::Node& map, BatchMap kind, const std::string& file) {
  const auto keys = batch_keys(kind);
  for (const auto& entry : map) {
    const std::string key = entry.first.Scalar();
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    throw ConfigError(fmt::format("{}: unknown key '{}'{}", place_of(entry.first, file), key,
                                  suggestion(key, keys)));
  }
}

/// Throws ConfigError for a value that is not one of the choice's names.
template <NamedEnum Choice>
Choice choice_of(const YAML::Node& node, const char* key, const std::string& file) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  if (const auto choice = parse_name<Choice>(text)) return *choice;
  const auto names = all_names<Choice>();
  throw ConfigError(fmt::format("{}: {}: found '{}', expected {}{}", place_of(node, file), key,
                                text, fmt::join(names, " or "), suggestion(text, names)));
}

MatrixAxis read_range(const Setting& setting, const std::string& file) {
  require_keys(setting.value, BatchMap::kRange, file);
  MatrixAxis axis;
  axis.key = setting.key;
  axis.where = setting.where;
  axis.low = number_of(setting.value, "low", setting.where, file);
  axis.high = number_of(setting.value, "high", setting.where, file);
  axis.is_whole = is_whole_key(setting.key);
  if (const YAML::Node scale = setting.value["scale"]) {
    axis.scale = choice_of<RangeScale>(scale, "scale", file);
  }
  const bool is_logarithmic = axis.scale == RangeScale::kLog;
  if (axis.low >= axis.high || (is_logarithmic && axis.low <= 0)) {
    throw ConfigError(fmt::format("{}: {}: found a range from {} to {}, expected low < high{}",
                                  setting.where, setting.key, axis.low, axis.high,
                                  is_logarithmic ? ", both above 0 for the scale log" : ""));
  }
  return axis;
}

MatrixAxis read_axis(const Setting& setting, const std::string& file, bool allows_ranges) {
  if (allows_ranges && setting.value.IsMap()) return read_range(setting, file);
  if (!setting.value.IsSequence() || setting.value.size() == 0) {
    throw ConfigError(fmt::format(
        "{}: {}: expected a list of values, such as [1, 2]{}", setting.where, setting.key,
        allows_ranges           ? ", or a range {low: 1.0e-5, high: 0.01, scale: log}"
        : setting.value.IsMap() ? "; a range needs search: {method: random, trials: N}"
                                : ""));
  }
  MatrixAxis axis;
  axis.key = setting.key;
  axis.where = setting.where;
  axis.repeats = is_repeating_axis(setting.key);
  for (const auto& value : setting.value) {
    const std::string text = value_text(value);
    if (std::find(axis.values.begin(), axis.values.end(), text) != axis.values.end()) {
      throw ConfigError(fmt::format("{}: {}: {} is given twice. Leave one out.", setting.where,
                                    setting.key, text));
    }
    axis.values.push_back(text);
  }
  return axis;
}

/// The number that the key of the map has. Throws ConfigError where it is beyond the key's limits.
std::int64_t whole_number_in(const YAML::Node& value, BatchMap map, const std::string& key,
                             const std::string& file) {
  const Limits limits = batch_key(map, key).limits;
  const auto number = value.IsScalar() ? parse_whole_number(value.Scalar()) : std::nullopt;
  const auto size = static_cast<double>(number.value_or(0));
  if (number && size >= limits.minimum && size <= limits.maximum) return *number;
  throw ConfigError(
      fmt::format("{}: {}: expected {}", place_of(value, file), key, whole_number_text(limits)));
}

/// The same where the key must be given.
std::int64_t required_number(const YAML::Node& node, BatchMap map, const std::string& key,
                             const std::string& file) {
  if (const YAML::Node value = node[key]) return whole_number_in(value, map, key, file);
  throw ConfigError(fmt::format("{}: {}: expected {}", place_of(node, file), key,
                                whole_number_text(batch_key(map, key).limits)));
}

/// `seeds: N` or `folds: K`: the axis `key` with the values 1 to N.
MatrixAxis counted_axis(const YAML::Node& node, const std::string& name, const std::string& key,
                        const std::string& file) {
  const std::int64_t count = whole_number_in(node, BatchMap::kMatrix, name, file);
  MatrixAxis axis;
  axis.key = key;
  axis.where = place_of(node, file);
  axis.repeats = true;
  for (std::int64_t i = 1; i <= count; ++i) axis.values.push_back(fmt::format("{}", i));
  return axis;
}

Halving read_halving(const YAML::Node& node, const std::string& file) {
  if (!node.IsMap()) {
    throw ConfigError(
        fmt::format("{}: halving: expected {{epochs: E, factor: F}}: after E epochs the jobs are "
                    "compared, and one in F continues",
                    place_of(node, file)));
  }
  require_keys(node, BatchMap::kHalving, file);
  Halving halving;
  halving.epochs = required_number(node, BatchMap::kHalving, "epochs", file);
  if (const YAML::Node factor = node["factor"]) {
    halving.factor = whole_number_in(factor, BatchMap::kHalving, "factor", file);
  }
  return halving;
}

}  // namespace

std::string value_text(const YAML::Node& value) {
  YAML::Emitter emitter;
  emitter << YAML::Flow << value;
  return emitter.c_str();
}

Matrix read_matrix(const YAML::Node& node, const std::string& file, bool allows_ranges) {
  if (!node.IsMap() || node.size() == 0) {
    throw ConfigError(
        fmt::format("{}: matrix: expected keys with lists of values, such as "
                    "{{seed: [1, 2, 3]}}",
                    place_of(node, file)));
  }
  Matrix matrix;
  matrix.where = place_of(node, file);
  const KnownKeys keys = config_keys(batch_keys(BatchMap::kMatrix));
  for (const Setting& setting : flatten(node, file, keys)) {
    matrix.axes.push_back(read_axis(setting, file, allows_ranges));
  }
  const auto has_axis = [&matrix](const std::string& key) {
    return std::any_of(matrix.axes.begin(), matrix.axes.end(),
                       [&key](const MatrixAxis& axis) { return axis.key == key; });
  };
  const auto add_counted = [&](const char* name, const std::string& key) {
    const YAML::Node count = node[name];
    if (!count) return;
    if (has_axis(key)) {
      throw ConfigError(
          fmt::format("{}: {} and {} exclude each other: both are the axis {}. Leave one out.",
                      place_of(count, file), name, key, key));
    }
    matrix.axes.push_back(counted_axis(count, name, key, file));
    if (key == "data.fold") {
      matrix.settings.push_back({"data.folds", count.Scalar(), place_of(count, file)});
    }
  };
  add_counted("seeds", "seed");
  add_counted("folds", "data.fold");
  return matrix;
}

Search read_search(const YAML::Node& node, const std::string& file) {
  if (!node.IsMap()) {
    throw ConfigError(
        fmt::format("{}: search: expected {{method: random, trials: N}}", place_of(node, file)));
  }
  require_keys(node, BatchMap::kSearch, file);
  Search search;
  if (const YAML::Node method = node["method"]) {
    search.method = choice_of<SearchMethod>(method, "method", file);
  }
  if (search.method == SearchMethod::kRandom) {
    search.trials = required_number(node, BatchMap::kSearch, "trials", file);
  } else if (node["trials"]) {
    throw ConfigError(
        fmt::format("{}: trials: needs method: random; a grid takes every combination. Add it, or "
                    "leave trials out",
                    place_of(node["trials"], file)));
  }
  if (const YAML::Node seed = node["seed"]) {
    search.seed =
        static_cast<std::uint64_t>(whole_number_in(seed, BatchMap::kSearch, "seed", file));
  }
  if (const YAML::Node halving = node["halving"]) search.halving = read_halving(halving, file);
  return search;
}

}  // namespace transfer
