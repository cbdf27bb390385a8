#include "configs/slurm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <variant>

#include "configs/key_description.h"
#include "configs/yaml_settings.h"
#include "core/errors.h"
#include "core/split_text.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

/// One key of the section: a row of the table.
struct Key {
  using Target = std::variant<std::string*, std::int64_t*, std::vector<std::string>*>;

  const char* name;
  Target target;
  /// Smallest number allowed.
  std::int64_t least;
  const char* unit;
  const char* description;
  const char* example;
};

constexpr std::int64_t kMost = 1'000'000;

std::vector<Key> keys_of(SlurmSettings& s) {
  return {
      {"partition", &s.partition, 0, "none", "Partition. Empty: Slurm's default.", "gpu"},
      {"account", &s.account, 0, "none", "Account. Empty: Slurm's default.", "my-project"},
      {"time", &s.time, 0, "none",
       "Time limit of a job as sbatch reads it: minutes, H:M:S or D-H. Empty: the partition's. A "
       "job that needs longer is requeued and continues from its checkpoint.",
       "30"},
      {"gres", &s.gres, 0, "none", "Generic resources of a job.", "gpu:1"},
      {"memory", &s.memory, 0, "none", "Memory of a job as sbatch reads it.", "8G"},
      {"cpus", &s.cpus, 1, "processors", "Processors, and threads, of a job.", "4"},
      {"jobs", &s.jobs, 0, "jobs", "Jobs at a time. 0: as many as Slurm lets run.", "8"},
      {"requeues", &s.requeues, 0, "times", "How often a job that Slurm stopped is requeued.",
       "20"},
      {"checkpoint_seconds", &s.checkpoint_seconds, 1, "seconds",
       "How long before the time limit a job is told to write its checkpoint.", "300"},
      {"file_delay_seconds", &s.file_delay_seconds, 0, "seconds",
       "How long a file that a node wrote may take to be seen on the submitting machine. NFS "
       "caches "
       "folders for up to a minute.",
       "10"},
      {"container", &s.container, 0, "none",
       "Container image that the jobs run in. Empty: they run on the node itself.", "transfer.sif"},
      {"container_command", &s.container_command, 0, "none",
       "What runs the container image and the program in it.", "[apptainer, exec, --nv]"},
      {"program", &s.program, 0, "none",
       "Path of transfer on the nodes. Empty: that of the binary that submits; in a container that "
       "of the project's Docker image.",
       "/opt/transfer/bin/transfer"},
      {"options", &s.options, 0, "none", "Further options of sbatch.", "[--constraint=avx512]"},
  };
}

struct Expectation {
  const Key& key;

  std::string operator()(const std::string* /*text*/) const { return "a text on one line"; }
  std::string operator()(const std::int64_t* /*number*/) const {
    return fmt::format("a whole number from {} to {}", key.least, kMost);
  }
  std::string operator()(const std::vector<std::string>* /*texts*/) const {
    return fmt::format("a list such as {}", key.example);
  }
};

struct Print {
  std::string operator()(const std::string* text) const { return text->empty() ? "\"\"" : *text; }
  std::string operator()(const std::int64_t* number) const { return fmt::format("{}", *number); }
  std::string operator()(const std::vector<std::string>* texts) const {
    return fmt::format("[{}]", fmt::join(*texts, ", "));
  }
};

/// Options of sbatch that the batch itself sets, to follow its jobs.
constexpr std::string_view kOwnOptions[] = {
    "--array",  "-a",     "--job-name",  "-J",         "--output",     "-o",
    "--error",  "-e",     "--open-mode", "--requeue",  "--no-requeue", "--signal",
    "--ntasks", "-n",     "--wrap",      "--parsable", "--clusters",   "-M",
    "--wait",   "-W",     "--test-only", "--chdir",    "-D",           "--cpus-per-task",
    "-c",       "--time", "-t"};

/// A text that fits on a line of the script.
std::string text_of(const YAML::Node& node, const std::string& where, const std::string& name,
                    const char* expected) {
  std::string text = node.IsScalar() ? node.Scalar() : "";
  if (text.empty() || !fits_on_one_line(text)) {
    throw ConfigError(fmt::format("{}: slurm.{}: expected {} on one line", where, name, expected));
  }
  return text;
}

std::int64_t number_of(const YAML::Node& node, const std::string& where, const Key& key) {
  const auto number = node.IsScalar() ? parse_whole_number(node.Scalar()) : std::nullopt;
  if (!number || *number < key.least || *number > kMost) {
    throw ConfigError(fmt::format("{}: slurm.{}: found '{}', expected {}", where, key.name,
                                  node.IsScalar() ? node.Scalar() : "a list",
                                  std::visit(Expectation{key}, key.target)));
  }
  return *number;
}

std::vector<std::string> list_of(const YAML::Node& node, const std::string& where, const Key& key) {
  if (!node.IsSequence()) {
    throw ConfigError(fmt::format("{}: slurm.{}: expected {}", where, key.name,
                                  std::visit(Expectation{key}, key.target)));
  }
  std::vector<std::string> texts;
  for (const auto& entry : node) texts.push_back(text_of(entry, where, key.name, "texts"));
  return texts;
}

/// The words of a line behind #SBATCH, as sbatch reads it: quotes and backslashes keep a space in a
/// word, and an open `#` begins a comment.
std::vector<std::string> sbatch_words(std::string_view line) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    if (quote == 0 && letter == '#') break;
    if (quote == 0 && letter == ' ') {
      is_in_word = false;
      continue;
    }
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    if (letter == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else if (letter == quote) {
      quote = 0;
    } else if (quote == 0 && (letter == '"' || letter == '\'')) {
      quote = letter;
    } else {
      words.back() += letter;
    }
  }
  return words;
}

/// The option that the batch itself sets and that the word names, in full, abbreviated
/// (`--out=FILE`) or behind short flags (`-Qo FILE`); empty for others.
std::string own_option_in(const std::string& word) {
  if (word.starts_with("--")) {
    const std::string name = word.substr(0, word.find('='));
    for (const std::string_view own : kOwnOptions) {
      if (own.size() > 2 && own.starts_with(name)) return name;
    }
    return "";
  }
  constexpr std::string_view kShortFlags = "hHkOQsuvVI";
  for (const char letter : word.substr(1)) {
    const std::string name = {'-', letter};
    if (std::find(std::begin(kOwnOptions), std::end(kOwnOptions), name) != std::end(kOwnOptions)) {
      return name;
    }
    if (kShortFlags.find(letter) == std::string_view::npos) break;  // what follows is its value
  }
  return "";
}

/// Throws ConfigError unless each entry is one option of sbatch, and none that the batch sets.
void refuse_own_options(const std::vector<std::string>& options, const std::string& where) {
  for (const std::string& option : options) {
    const auto words = sbatch_words(option);
    const bool is_option =
        !words.empty() && words[0].starts_with("-") && words[0] != "-" && words[0] != "--";
    const bool is_one = words.size() == 1 || (words.size() == 2 && !words[1].starts_with("-") &&
                                              words[0].find('=') == std::string::npos);
    if (!is_option || !is_one) {
      throw ConfigError(fmt::format(
          "{}: slurm.options: found '{}', expected one option of sbatch in each entry, such as "
          "--constraint=avx512, with quotes around a value that has spaces: --comment='two words'",
          where, option));
    }
    const std::string name = own_option_in(words[0]);
    if (name.empty()) continue;
    throw ConfigError(fmt::format(
        "{}: slurm.options: {} is what the batch itself sets, to follow its jobs. Leave it out; "
        "slurm.jobs is how many run at a time, slurm.cpus the threads of each, slurm.time the "
        "time limit.",
        where, name));
  }
}

/// A job that is signalled as soon as it starts would be requeued again and again without training.
/// sbatch rounds limits up to minutes, and may signal a minute early.
void require_time_before_checkpoint(const SlurmSettings& settings, const std::string& where) {
  const auto limit = slurm_seconds(settings.time);
  constexpr std::int64_t kNoLimit = 0;  // as sbatch reads it
  constexpr std::int64_t kMinute = 60;
  if (!limit || *limit == kNoLimit) return;
  const std::int64_t granted = (*limit + kMinute - 1) / kMinute * kMinute;
  if (granted > settings.checkpoint_seconds + kMinute) return;
  throw ConfigError(fmt::format(
      "{}: slurm.time is '{}' ({} s), and a job may be told to write its checkpoint {} s before "
      "that (slurm.checkpoint_seconds, and Slurm may be a minute early): it would never train. "
      "Give more time, or fewer slurm.checkpoint_seconds.",
      where, settings.time, granted, settings.checkpoint_seconds + kMinute));
}

}  // namespace

std::optional<std::int64_t> slurm_seconds(std::string_view time) {
  constexpr std::int64_t kUnits[] = {86400, 3600, 60, 1};  // of days, hours, minutes, seconds
  constexpr std::int64_t kMostOfAUnit = 100'000'000;
  const auto dash = time.find('-');
  const bool has_days = dash != std::string_view::npos;
  auto parts = split_text(has_days ? time.substr(dash + 1) : time, ':');
  if (has_days) parts.insert(parts.begin(), time.substr(0, dash));
  // Without days, minutes alone or with seconds, else from hours on.
  std::size_t unit = has_days ? 0 : parts.size() == 3 ? 1 : 2;
  if (unit + parts.size() > std::size(kUnits)) return std::nullopt;
  std::int64_t seconds = 0;
  for (const std::string_view part : parts) {
    const auto number = parse_whole_number(part);
    if (!number || *number < 0 || *number > kMostOfAUnit) return std::nullopt;
    seconds += *number * kUnits[unit++];
  }
  return seconds;
}

bool fits_on_one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

SlurmSettings read_slurm_settings(const std::filesystem::path& file) {
  SlurmSettings settings;
  const YAML::Node root = load_yaml_map(file);
  const YAML::Node section = root["slurm"];
  if (!section || section.IsNull()) return settings;
  if (!section.IsMap()) {
    throw ConfigError(fmt::format("{}: slurm: expected keys such as {{partition: NAME, cpus: 4}}",
                                  place_of(section, file.string())));
  }
  const std::vector<Key> keys = keys_of(settings);
  KnownKeys names;
  for (const Key& key : keys) names.names.emplace_back(key.name);
  for (const Setting& setting : flatten(section, file.string(), names)) {
    const Key& key = *std::find_if(keys.begin(), keys.end(),
                                   [&](const Key& known) { return known.name == setting.key; });
    if (auto* const text = std::get_if<std::string*>(&key.target)) {
      **text = text_of(setting.value, setting.where, setting.key, "a text");
    } else if (auto* const number = std::get_if<std::int64_t*>(&key.target)) {
      **number = number_of(setting.value, setting.where, key);
    } else {
      *std::get<std::vector<std::string>*>(key.target) = list_of(setting.value, setting.where, key);
    }
    if (setting.key == "options") refuse_own_options(settings.options, setting.where);
  }
  require_time_before_checkpoint(settings, place_of(section, file.string()));
  return settings;
}

std::vector<KeyDescription> describe_slurm_keys() {
  SlurmSettings defaults;
  std::vector<KeyDescription> descriptions;
  for (const Key& key : keys_of(defaults)) {
    descriptions.push_back({.key = std::string("slurm.") + key.name,
                            .value = std::visit(Expectation{key}, key.target),
                            .unit = key.unit,
                            .default_value = std::visit(Print{}, key.target),
                            .description = key.description,
                            .example = key.example});
  }
  return descriptions;
}

}  // namespace transfer
