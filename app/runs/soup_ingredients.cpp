#include "app/runs/soup_ingredients.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"
#include "core/run_format.h"
#include "models/strategy.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What is compared of a run, as texts, in the order in which a difference is named.
using Traits = std::vector<std::pair<std::string, std::string>>;

json read_json(const fs::path& file) {
  if (!is_file(file)) {
    throw DataError(
        fmt::format("{}: {}. It says what the run began with, so its weights cannot be "
                    "averaged without it. Leave the run out.",
                    file.string(), why_absent(file, "file")));
  }
  json document = json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    throw DataError(
        fmt::format("{}: is damaged: it is no JSON object. Leave the run out.", file.string()));
  }
  require_run_format(document, file, "Train again: " + train_again_command(file.parent_path()));
  return document;
}

/// "one class per image" and so on is the loss's; the score follows from it.
ScoreName score_name_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return kAccuracy;
    case TargetKind::kLabels: return kMeanAveragePrecision;
    case TargetKind::kValues: break;
  }
  return kR2;
}

std::string_view kind_text(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass: return "one class per image";
    case TargetKind::kLabels: return "labels";
    case TargetKind::kValues: break;
  }
  return "numbers";
}

Config config_of(const fs::path& folder, const ConfigSources& flags) {
  ConfigSources sources = flags;
  sources.files = {folder / run_file::kConfig};
  return resolve_config(sources, strategy_choices());
}

/// Throws ConfigError where the run's weights did not start from pretrained ones.
void require_fine_tuned(const fs::path& folder, const Config& config) {
  if (config.strategy == kAutoStrategy || find_strategy(config.strategy).trunk_is_frozen) {
    throw ConfigError(
        fmt::format("{}: its strategy {} trained a head alone. Expected runs that trained layers "
                    "of the network: "
                    "fine-tune or retrain. `transfer ensemble` joins any models.",
                    folder.string(), config.strategy));
  }
  if (config.train.from_scratch) {
    throw ConfigError(fmt::format(
        "{}: began with random weights (train.from_scratch), so its weights have nothing in common "
        "with those of others. Expected runs that began with the same pretrained weights.",
        folder.string()));
  }
}

/// "auto" where it is left open.
template <NamedEnum Enum>
std::string choice_text(const std::optional<Enum>& choice) {
  return choice ? std::string(name_of(*choice)) : "auto";
}

/// The settings that shape the network's input.
void add_input(const Config& config, Traits& traits) {
  const ImageSize& size = config.data.input_size;
  traits.emplace_back("data.input_size",
                      size.is_given() ? fmt::format("{}x{}", size.height, size.width) : "auto");
  traits.emplace_back("data.resize", choice_text(config.data.resize));
  const auto& range = config.data.sample_range;
  traits.emplace_back("data.sample_range",
                      range ? fmt::format("[{}, {}]", (*range)[0], (*range)[1]) : "auto");
  const InputConfig& input = config.input;
  traits.emplace_back("input.channels",
                      input.channels ? fmt::format("{}", *input.channels) : "auto");
  traits.emplace_back("input.mean", fmt::format("[{}]", fmt::join(input.mean, ", ")));
  traits.emplace_back("input.std", fmt::format("[{}]", fmt::join(input.std, ", ")));
  traits.emplace_back("input.scale", choice_text(input.scale));
  traits.emplace_back("input.order", choice_text(input.order));
}

Traits traits_of(const Config& config, const json& record) {
  const auto classes = record.at("classes").get<std::vector<std::string>>();
  Traits traits = {
      {"weights it began with (backbone_sha256)", record.at("backbone_sha256").get<std::string>()},
      {"kind of targets", std::string(kind_text(objective_of(config).targets()))},
      {"classes", fmt::format("{}", fmt::join(classes, ", "))}};
  add_input(config, traits);
  const bool has_layers = !config.head.hidden.empty();
  traits.emplace_back("head.hidden", fmt::format("[{}]", fmt::join(config.head.hidden, ", ")));
  traits.emplace_back("head.activation", has_layers ? name_of(config.head.activation) : "none");
  const bool is_folded = config.train.batch_norm == BatchNorm::kFolded;
  traits.emplace_back("train.batch_norm", is_folded ? name_of(BatchNorm::kFolded) : "not folded");
  const json& val = record.at("splits").at("val");
  traits.emplace_back("validation images",
                      fmt::format("{} (SHA-256 {})", val.at("count").get<std::int64_t>(),
                                  val.at("sha256").get<std::string>()));
  return traits;
}

void require_alike(const fs::path& folder, const Traits& traits, const fs::path& first,
                   const Traits& expected) {
  for (std::size_t i = 0; i < traits.size(); ++i) {
    const auto& [what, value] = traits[i];
    if (value == expected[i].second) continue;
    throw ConfigError(fmt::format(
        "{}: differs from {} in the {}: found {}, expected {}. Weights are averaged of runs that "
        "began alike and were validated on the same images, such as jobs of a batch that differ in "
        "seed, learning rate or augmentation. `transfer ensemble` joins unlike models.",
        folder.string(), first.string(), what, value, expected[i].second));
  }
}

}  // namespace

std::vector<SoupIngredient> read_ingredients(const std::vector<std::string>& runs,
                                             const ConfigSources& flags) {
  std::vector<SoupIngredient> ingredients;
  Traits expected;
  for (const std::string& run : runs) {
    SoupIngredient ingredient{run, config_of(run, flags), {}};
    require_fine_tuned(run, ingredient.config);
    const json summary = read_json(ingredient.folder / run_file::kSummary);
    const json record = read_json(ingredient.folder / run_file::kData);
    try {
      const Traits traits = traits_of(ingredient.config, record);
      if (ingredients.empty()) expected = traits;
      require_alike(run, traits, runs.front(), expected);
      ingredient.val.name = score_name_of(objective_of(ingredient.config).targets());
      ingredient.val.value = summary.at("val").at(ingredient.val.name.key).get<double>();
    } catch (const json::exception& error) {
      throw DataError(fmt::format("{}: its {} or {} is damaged: {}. Leave the run out.", run,
                                  run_file::kSummary, run_file::kData, error.what()));
    }
    ingredients.push_back(std::move(ingredient));
  }
  return ingredients;
}

}  // namespace transfer
