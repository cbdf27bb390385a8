#include "configs/batch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "configs/batch_keys.h"
#include "configs/matrix.h"
#include "configs/yaml_settings.h"
#include "core/batch_files.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/nearest_name.h"
#include "core/run_files.h"
#include "core/utf8.h"

namespace transfer {
namespace {

/// Names in the batch's folder that no job may have.
const std::vector<std::string> kReserved = {batch_file::kOwnFolder, batch_file::kFeatureStore,
                                            batch_file::kSummaryTable, run_file::kSummary};
/// Longer names leave no room for the names of files beside the run directory.
constexpr std::size_t kLongestName = 200;

bool is_safe(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  const bool is_letter_or_digit = (letter >= 'a' && letter <= 'z') ||
                                  (letter >= 'A' && letter <= 'Z') ||
                                  (letter >= '0' && letter <= '9');
  return is_letter_or_digit || byte >= 0x80 ||
         std::string_view("._+=,@-").find(letter) != std::string_view::npos;
}

/// A value as part of a file name; for a path, its last part.
std::string safe_text(std::string value) {
  while (value.size() > 1 && value.ends_with('/')) value.pop_back();
  value = value.substr(value.rfind('/') + 1);
  std::string text;
  for (const char letter : value) {
    if (letter == '[' || letter == ']' || letter == '"' || letter == '\'') continue;
    if (letter == ' ' && text.ends_with(',')) continue;
    text += is_safe(letter) ? letter : '_';
  }
  return text;
}

/// What a job or the defaults say.
struct Description {
  std::vector<PlacedSetting> settings;
  std::string preset;
  std::optional<YAML::Node> matrix;
  std::optional<YAML::Node> search;
};

class Reader {
 public:
  Reader(const std::filesystem::path& file, const std::vector<std::string>& strategies)
      : file_(file.string()), strategies_(strategies), root_(load_yaml_map(file)) {}

  std::vector<BatchJob> read() {
    const auto keys = batch_keys(BatchMap::kFile);
    for (const auto& entry : root_) {
      const std::string key = entry.first.Scalar();
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      throw ConfigError(fmt::format(
          "{}: unknown key '{}'{} Expected {}; what all jobs share goes under defaults.",
          place_of(entry.first, file_), key, nearest_or_stop(key, keys), fmt::join(keys, ", ")));
    }
    const YAML::Node jobs = root_["jobs"];
    if (!jobs || !jobs.IsSequence() || jobs.size() == 0) {
      throw ConfigError(fmt::format(
          "{}: expected a list of jobs, such as jobs: [{{name: pets, data: {{path: pets}}}}]",
          jobs ? place_of(jobs, file_) : file_));
    }
    if (const YAML::Node defaults = root_["defaults"]; defaults && !defaults.IsNull()) {
      if (!defaults.IsMap()) {
        throw ConfigError(
            fmt::format("{}: defaults: expected keys of the configuration, such as {{strategy: "
                        "freeze-conv}}",
                        place_of(defaults, file_)));
      }
      if (defaults["name"]) {
        throw ConfigError(fmt::format("{}: name: each job has its own. Leave it out of defaults.",
                                      place_of(defaults["name"], file_)));
      }
      defaults_ = describe(defaults);
    }
    for (const auto& job : jobs) add(job);
    return std::move(jobs_);
  }

 private:
  Description describe(const YAML::Node& node) const {
    Description description;
    const KnownKeys keys = config_keys(batch_keys(BatchMap::kJob));
    for (const Setting& setting : flatten(node, file_, keys)) {
      if (setting.key == "out" || setting.key == "overwrite") {
        throw ConfigError(
            fmt::format("{}: {}: a batch gives every job its own run directory, --output DIR/NAME. "
                        "Leave it out.",
                        setting.where, setting.key));
      }
      description.settings.push_back({setting.key, value_text(setting.value), setting.where});
    }
    if (const YAML::Node preset = node["preset"]) {
      description.preset = preset.IsScalar() ? preset.Scalar() : "";
      const auto presets = list_presets();
      if (std::find(presets.begin(), presets.end(), description.preset) == presets.end()) {
        throw ConfigError(fmt::format("{}: preset: unknown preset '{}'{}", place_of(preset, file_),
                                      description.preset, suggestion(description.preset, presets)));
      }
    }
    if (node["matrix"]) description.matrix = node["matrix"];
    if (node["search"]) description.search = node["search"];
    return description;
  }

  std::string name_of(const YAML::Node& job) const {
    const YAML::Node node = job["name"];
    std::string name = node && node.IsScalar() ? node.Scalar() : "";
    if (name.empty()) {
      throw ConfigError(fmt::format(
          "{}: the job has no name. Expected name: TEXT, which names its run directory.",
          place_of(job, file_)));
    }
    if (name.front() == '.' || name.front() == '-' ||
        !std::all_of(name.begin(), name.end(), is_safe) || !is_utf8(name)) {
      throw ConfigError(
          fmt::format("{}: name: found '{}', expected letters, digits and . _ + = , @ -, with "
                      "neither . nor - in "
                      "front, since it names a folder.",
                      place_of(node, file_), is_utf8(name) ? name : escaped(name)));
    }
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
      throw ConfigError(fmt::format(
          "{}: name: '{}' is what the batch itself writes under --output. Choose another.",
          place_of(node, file_), name));
    }
    return name;
  }

  void add(const YAML::Node& node) {
    if (!node.IsMap()) {
      throw ConfigError(
          fmt::format("{}: expected a job, such as {{name: pets, data: {{path: pets}}}}",
                      place_of(node, file_)));
    }
    const std::string name = name_of(node);
    const Description own = describe(node);
    const auto matrix_node = own.matrix ? own.matrix : defaults_.matrix;
    const auto search_node = own.search ? own.search : defaults_.search;
    Search search;
    if (search_node) search = read_search(*search_node, file_);
    BatchJob job;
    job.name = name;
    job.group = name;
    job.entry = name;
    job.where = place_of(node, file_);
    if (!matrix_node) {
      if (own.search) {
        throw ConfigError(
            fmt::format("{}: search: there is no matrix. Add one, or leave search out.",
                        place_of(*own.search, file_)));
      }
      return add_job(std::move(job), own, {});
    }
    const Matrix matrix = read_matrix(*matrix_node, file_, search.method == SearchMethod::kRandom);
    refuse_contradictions(own, matrix);
    job.halving = search.halving;
    for (const Combination& combination : combinations(matrix, search)) {
      BatchJob one = job;
      one.axes = combination;
      std::vector<PlacedSetting> layer = matrix.settings;
      for (const auto& [key, value] : combination) {
        const MatrixAxis& axis = axis_of(matrix, key);
        const std::string part = fmt::format("-{}={}", key, safe_text(value));
        one.name += part;
        if (!axis.repeats) one.group += part;
        layer.push_back({key, value, axis.where});
      }
      add_job(std::move(one), own, std::move(layer));
    }
  }

  static const MatrixAxis& axis_of(const Matrix& matrix, const std::string& key) {
    return *std::find_if(matrix.axes.begin(), matrix.axes.end(),
                         [&key](const MatrixAxis& axis) { return axis.key == key; });
  }

  /// A job gives a key once: itself or in its matrix.
  static void refuse_contradictions(const Description& own, const Matrix& matrix) {
    for (const PlacedSetting& setting : own.settings) {
      for (const MatrixAxis& axis : matrix.axes) {
        if (axis.key != setting.key) continue;
        throw ConfigError(fmt::format("{}: {}: is also an axis of the matrix ({}). Leave one out.",
                                      setting.where, setting.key, axis.where));
      }
    }
  }

  /// Resolves the job's settings and adds it.
  void add_job(BatchJob job, const Description& own, std::vector<PlacedSetting> layer) {
    const std::string& name = job.name;
    if (name.size() > kLongestName) {
      throw ConfigError(fmt::format(
          "{}: the matrix makes a name of {} letters ('{}…'), which is too long for a folder. "
          "Write jobs with such long values one by one.",
          job.where, name.size(), name.substr(0, 60)));
    }
    const auto [known, is_new] = places_.emplace(name, job.where);
    if (!is_new) {
      throw ConfigError(fmt::format(
          "{}: a second job '{}' (the first: {}). Rename one: each names a run directory.",
          job.where, name, known->second));
    }
    job.sources.preset = own.preset.empty() ? defaults_.preset : own.preset;
    job.sources.layers = {defaults_.settings, own.settings, std::move(layer)};
    try {
      job.config = resolve_config(job.sources, strategies_);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      if (message.starts_with(file_)) throw;
      throw ConfigError(fmt::format("{}: job {}: {}", job.where, name, message));
    }
    throw_if_stopped();
    if (static_cast<std::int64_t>(jobs_.size()) == kMostJobs) {
      throw ConfigError(fmt::format(
          "{}: the file makes more than {} jobs, which a batch may have. Split it into several "
          "batches.",
          job.where, kMostJobs));
    }
    jobs_.push_back(std::move(job));
  }

  std::string file_;
  const std::vector<std::string>& strategies_;
  const YAML::Node root_;
  Description defaults_;
  /// Where each name was first given.
  std::map<std::string, std::string> places_;
  std::vector<BatchJob> jobs_;
};

}  // namespace

std::string BatchJob::value_on(const std::string& key) const {
  const auto axis =
      std::find_if(axes.begin(), axes.end(), [&key](const auto& one) { return one.first == key; });
  return axis == axes.end() ? "" : axis->second;
}

bool is_repeating_axis(const std::string& key) { return key == "seed" || key == "data.fold"; }

std::vector<BatchJob> read_batch(const std::filesystem::path& file,
                                 const std::vector<std::string>& strategies) {
  return Reader(file, strategies).read();
}

}  // namespace transfer
