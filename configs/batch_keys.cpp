#include "configs/batch_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "configs/key_description.h"

namespace transfer {
namespace {

constexpr double kNoEnd = std::numeric_limits<double>::infinity();

/// The map's place in the file, as a prefix of its keys.
std::string path_of(BatchMap map) {
  switch (map) {
    case BatchMap::kFile: return "";
    case BatchMap::kJob: return "jobs.";
    case BatchMap::kMatrix: return "jobs.matrix.";
    case BatchMap::kRange: return "jobs.matrix.KEY.";
    case BatchMap::kSearch: return "jobs.search.";
    case BatchMap::kHalving: return "jobs.search.halving.";
  }
  return "";
}

std::string value_of(const BatchKey& key) {
  if (!key.value.empty()) return key.value;
  if (!key.choices.empty()) return fmt::format("one of {}", fmt::join(key.choices, ", "));
  return whole_number_text(key.limits);
}

}  // namespace

// map, key, value, limits, choices, default, description, example
const std::vector<BatchKey>& list_batch_keys() {
  using enum BatchMap;
  const std::vector<std::string> no_choices;
  static const std::vector<BatchKey> keys = {
      {kFile, "jobs", "a list of jobs", kNoLimits, no_choices, "",
       "The runs to make. A job has a name, any keys of the configuration, and the keys jobs.* "
       "below.",
       "[{name: pets, data: {path: pets}}]"},
      {kFile, "defaults", "a group of keys", kNoLimits, no_choices, "none",
       "What all jobs share: any keys of a job but name. A job's own keys win.",
       "{strategy: freeze-conv}"},
      {kFile, "slurm", "a group of keys", kNoLimits, no_choices, "none",
       "What to ask of Slurm, with --launcher slurm: the keys slurm.* below.", "{cpus: 4}"},
      {kJob, "name", "a text of letters, digits and . _ + = , @ -", kNoLimits, no_choices, "",
       "Names the job's run directory in the batch's folder.", "pets"},
      {kJob, "preset", "a text", kNoLimits, no_choices, "none",
       "Settings under presets/ that the job starts from. Empty: the preset of its strategy.",
       "retrain"},
      {kJob, "matrix", "a group of keys, each with a list of values", kNoLimits, no_choices, "none",
       "Makes one job for every combination of the values; a batch may have 10,000. Its keys are "
       "those of the configuration, seeds and folds.",
       "{strategy: [freeze-conv, fine-tune], seeds: 3}"},
      {kJob, "search", "a group of keys", kNoLimits, no_choices, "none",
       "Which combinations of the matrix become jobs, and which of those are stopped early.",
       "{method: random, trials: 20}"},
      {kMatrix, "seeds", "", between(1, 1000), no_choices, "none",
       "seeds: N stands for seed: [1, …, N]. Scores are averaged over seeds.", "3"},
      {kMatrix, "folds", "", between(2, 1000), no_choices, "none",
       "folds: K stands for all parts of a K-fold cross-validation: data.folds: K and data.fold: "
       "[1, …, K]. Scores are averaged over folds.",
       "5"},
      {kRange, "low", "a number", kNoLimits, no_choices, "",
       "The smallest value of a range, which a key of the matrix may have in place of a list with "
       "method: random.",
       "1.0e-5"},
      {kRange, "high", "a number", kNoLimits, no_choices, "", "The largest value of the range.",
       "0.01"},
      {kRange, "scale", "", kNoLimits, all_names<RangeScale>(), "linear",
       "Whether values are drawn evenly from the range, or evenly in the logarithm.", "log"},
      {kSearch, "method", "", kNoLimits, all_names<SearchMethod>(), "grid",
       "Whether all combinations become jobs, or some of them, drawn at random.", "random"},
      {kSearch, "trials", "", between(1, kNoEnd), no_choices, "",
       "Combinations to draw with method: random. Each comes with all seeds and folds.", "20"},
      {kSearch, "seed", "", between(0, kNoEnd), no_choices, "0",
       "Decides which combinations are drawn.", "1"},
      {kSearch, "halving", "a group of keys", kNoLimits, no_choices, "none",
       "Successive halving (Jamieson and Talwalkar 2016): all combinations train for a few epochs, "
       "the best continue for longer, and so on. Without it every job trains to its end.",
       "{epochs: 1, factor: 3}"},
      {kHalving, "epochs", "", between(1, kNoEnd), no_choices, "",
       "Epochs after which the jobs are compared for the first time.", "1"},
      {kHalving, "factor", "", between(2, kNoEnd), no_choices, "3",
       "One in `factor` continues, for `factor` times the epochs.", "2"},
  };
  return keys;
}

std::vector<std::string> batch_keys(BatchMap map) {
  std::vector<std::string> names;
  for (const BatchKey& key : list_batch_keys()) {
    if (key.map == map) names.push_back(key.name);
  }
  return names;
}

const BatchKey& batch_key(BatchMap map, const std::string& name) {
  const auto& keys = list_batch_keys();
  return *std::find_if(keys.begin(), keys.end(),
                       [&](const BatchKey& key) { return key.map == map && key.name == name; });
}

std::string whole_number_text(Limits limits) {
  const std::string from = fmt::format("a whole number from {}", limits.minimum);
  return limits.maximum == kNoEnd ? from + " on" : fmt::format("{} to {}", from, limits.maximum);
}

std::vector<KeyDescription> describe_batch_keys() {
  std::vector<KeyDescription> keys;
  for (const BatchKey& key : list_batch_keys()) {
    keys.push_back({.key = path_of(key.map) + key.name,
                    .value = value_of(key),
                    .choices = key.choices,
                    .default_value = key.default_value,
                    .description = key.description,
                    .example = key.example});
  }
  return keys;
}

}  // namespace transfer
