#include "configs/matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "configs/fields.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/random.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

constexpr const char* kSeeds = "seeds";
constexpr const char* kFolds = "folds";

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

void require_keys(const YAML::Node& map, const std::vector<std::string>& keys,
                  const std::string& file) {
  for (const auto& entry : map) {
    const std::string key = entry.first.Scalar();
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    throw ConfigError(fmt::format("{}: unknown key '{}'{}", place_of(entry.first, file), key,
                                  suggestion(key, keys)));
  }
}

MatrixAxis read_range(const Setting& setting, const std::string& file) {
  require_keys(setting.value, {"low", "high", "scale"}, file);
  MatrixAxis axis;
  axis.key = setting.key;
  axis.where = setting.where;
  axis.low = number_of(setting.value, "low", setting.where, file);
  axis.high = number_of(setting.value, "high", setting.where, file);
  axis.is_whole = is_whole_key(setting.key);
  const YAML::Node scale = setting.value["scale"];
  const std::string name = scale ? scale.Scalar() : "linear";
  if (name != "linear" && name != "log") {
    throw ConfigError(fmt::format("{}: scale: found '{}', expected linear or log{}",
                                  place_of(scale, file), name,
                                  suggestion(name, {"linear", "log"})));
  }
  axis.is_logarithmic = name == "log";
  if (axis.low >= axis.high || (axis.is_logarithmic && axis.low <= 0)) {
    throw ConfigError(fmt::format("{}: {}: found a range from {} to {}, expected low < high{}",
                                  setting.where, setting.key, axis.low, axis.high,
                                  axis.is_logarithmic ? ", both above 0 for the scale log" : ""));
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
  axis.repeats = setting.key == "seed" || setting.key == "data.fold";
  for (const auto& value : setting.value) {
    const std::string text = value_text(value);
    if (std::find(axis.values.begin(), axis.values.end(), text) != axis.values.end()) {
      throw ConfigError(fmt::format("{}: {}: {} is given twice", setting.where, setting.key, text));
    }
    axis.values.push_back(text);
  }
  return axis;
}

/// `seeds: N` or `folds: K`: the axis `key` with the values 1 to N.
MatrixAxis counted_axis(const YAML::Node& node, const std::string& name, const std::string& key,
                        std::int64_t least, const std::string& file) {
  const auto count = node.IsScalar() ? parse_whole_number(node.Scalar()) : std::nullopt;
  constexpr std::int64_t kMost = 1000;
  if (!count || *count < least || *count > kMost) {
    throw ConfigError(fmt::format("{}: {}: expected a whole number from {} to {}",
                                  place_of(node, file), name, least, kMost));
  }
  MatrixAxis axis;
  axis.key = key;
  axis.where = place_of(node, file);
  axis.repeats = true;
  for (std::int64_t i = 1; i <= *count; ++i) axis.values.push_back(fmt::format("{}", i));
  return axis;
}

std::int64_t whole_number_of(const YAML::Node& map, const char* key, std::int64_t least,
                             const std::string& file) {
  const YAML::Node value = map[key];
  const auto number = value && value.IsScalar() ? parse_whole_number(value.Scalar()) : std::nullopt;
  if (number && *number >= least) return *number;
  throw ConfigError(fmt::format("{}: {}: expected a whole number from {} on",
                                place_of(value ? value : map, file), key, least));
}

Halving read_halving(const YAML::Node& node, const std::string& file) {
  if (!node.IsMap()) {
    throw ConfigError(
        fmt::format("{}: halving: expected {{epochs: E, factor: F}}: after E epochs the jobs are "
                    "compared, and one in F goes on",
                    place_of(node, file)));
  }
  require_keys(node, {"epochs", "factor"}, file);
  Halving halving;
  halving.epochs = whole_number_of(node, "epochs", 1, file);
  if (node["factor"]) halving.factor = whole_number_of(node, "factor", 2, file);
  return halving;
}

/// Four significant digits, so that a name can hold the value.
std::string drawn(const MatrixAxis& axis, Random& random) {
  if (axis.low == axis.high) return axis.values[random.below(axis.values.size())];
  double number = axis.is_logarithmic
                      ? std::exp(random.uniform(std::log(axis.low), std::log(axis.high)))
                      : random.uniform(axis.low, axis.high);
  if (axis.is_whole) return fmt::format("{}", std::llround(number));
  return fmt::format("{:.4g}", number);
}

/// All combinations of the axes, the first changing slowest.
std::vector<Combination> product(const std::vector<MatrixAxis>& axes) {
  std::vector<Combination> all = {{}};
  for (const MatrixAxis& axis : axes) {
    std::vector<Combination> longer;
    for (const Combination& combination : all) {
      for (const std::string& value : axis.values) {
        longer.push_back(combination);
        longer.back().emplace_back(axis.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<Combination> random_combinations(const std::vector<MatrixAxis>& axes,
                                             const Search& search) {
  const bool has_ranges = std::any_of(axes.begin(), axes.end(),
                                      [](const MatrixAxis& axis) { return axis.values.empty(); });
  Random random(mix_seed({search.seed, 1}));
  if (!has_ranges) {
    auto all = product(axes);
    random.shuffle(all);
    all.resize(std::min(all.size(), static_cast<std::size_t>(search.trials)));
    return all;
  }
  constexpr std::int64_t kTriesATrial = 100;
  std::vector<Combination> chosen;
  std::set<Combination> seen;
  for (std::int64_t i = 0; i < search.trials * kTriesATrial; ++i) {
    if (static_cast<std::int64_t>(chosen.size()) == search.trials) break;
    Combination combination;
    for (const MatrixAxis& axis : axes) combination.emplace_back(axis.key, drawn(axis, random));
    if (seen.insert(combination).second) chosen.push_back(std::move(combination));
  }
  return chosen;
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
  Config config;
  Matrix matrix;
  for (const Setting& setting : flatten(node, file, keys_of(config), {kSeeds, kFolds})) {
    matrix.axes.push_back(read_axis(setting, file, allows_ranges));
  }
  const auto has_axis = [&matrix](const std::string& key) {
    return std::any_of(matrix.axes.begin(), matrix.axes.end(),
                       [&key](const MatrixAxis& axis) { return axis.key == key; });
  };
  const auto add_counted = [&](const char* name, const std::string& key, std::int64_t least) {
    const YAML::Node count = node[name];
    if (!count) return;
    if (has_axis(key)) {
      throw ConfigError(fmt::format("{}: {} and {} exclude each other: both are the axis {}",
                                    place_of(count, file), name, key, key));
    }
    matrix.axes.push_back(counted_axis(count, name, key, least, file));
    if (key == "data.fold") {
      matrix.settings.push_back({"data.folds", count.Scalar(), place_of(count, file)});
    }
  };
  add_counted(kSeeds, "seed", 1);
  add_counted(kFolds, "data.fold", 2);
  return matrix;
}

Search read_search(const YAML::Node& node, const std::string& file) {
  if (!node.IsMap()) {
    throw ConfigError(
        fmt::format("{}: search: expected {{method: random, trials: N}}", place_of(node, file)));
  }
  require_keys(node, {"method", "trials", "seed", "halving"}, file);
  Search search;
  if (const YAML::Node method = node["method"]) {
    const std::vector<std::string> methods = {"grid", "random"};
    search.method = method.IsScalar() ? method.Scalar() : "";
    if (std::find(methods.begin(), methods.end(), search.method) == methods.end()) {
      throw ConfigError(fmt::format("{}: method: found '{}', expected {}{}", place_of(method, file),
                                    search.method, fmt::join(methods, " or "),
                                    suggestion(search.method, methods)));
    }
  }
  if (search.method == "random") {
    search.trials = whole_number_of(node, "trials", 1, file);
  } else if (node["trials"]) {
    throw ConfigError(fmt::format("{}: trials: needs method: random; a grid is every combination",
                                  place_of(node["trials"], file)));
  }
  if (node["seed"]) {
    search.seed = static_cast<std::uint64_t>(whole_number_of(node, "seed", 0, file));
  }
  if (const YAML::Node halving = node["halving"]) search.halving = read_halving(halving, file);
  return search;
}

std::vector<Combination> combinations(const Matrix& matrix, const Search& search) {
  if (search.method == "grid") return product(matrix.axes);
  std::vector<MatrixAxis> searched;
  std::vector<MatrixAxis> repeated;
  for (const MatrixAxis& axis : matrix.axes) (axis.repeats ? repeated : searched).push_back(axis);
  std::vector<Combination> all;
  for (const Combination& trial : random_combinations(searched, search)) {
    for (const Combination& repetition : product(repeated)) {
      all.push_back(trial);
      all.back().insert(all.back().end(), repetition.begin(), repetition.end());
    }
  }
  return all;
}

}  // namespace transfer
