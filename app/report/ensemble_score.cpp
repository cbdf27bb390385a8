#include "app/report/ensemble_score.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <unordered_map>

#include "app/report/compared_run.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/run_files.h"
#include "models/ensemble.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// What a run said of its validation images, the classes in the order of the ensemble.
struct ValidationAnswers {
  Names paths;
  torch::Tensor predictions;
  Truth truth;
};

/// The run directory that a member comes from; empty for a file of no run.
fs::path run_of(const fs::path& member) {
  const fs::path folder = is_folder(member) ? member : folder_of(member);
  const bool is_model_of_run = is_folder(member) || member.filename() == run_file::kModel;
  return is_model_of_run && is_file(folder / run_file::kSummary) ? folder : fs::path();
}

Truth reordered(const Truth& truth, const std::vector<std::int64_t>& order) {
  Truth result;
  if (truth.targets.defined()) {
    result.labels = truth.labels;
    result.targets = truth.targets.index_select(1, torch::tensor(order, torch::kInt64));
    return result;
  }
  torch::Tensor place_of = torch::empty({static_cast<std::int64_t>(order.size())}, torch::kInt64);
  for (std::size_t i = 0; i < order.size(); ++i) place_of[order[i]] = static_cast<std::int64_t>(i);
  result.labels = place_of.index_select(0, truth.labels);
  return result;
}

/// Nothing, with the reason, where the run does not say it. Throws DataError.
std::optional<ValidationAnswers> answers_of_run(const std::string& member, const Names& classes,
                                                std::string& reason) {
  const fs::path folder = run_of(member);
  if (folder.empty()) {
    reason = fmt::format(
        "{} is not the model of a finished run, so its validation images are not "
        "known",
        member);
    return {};
  }
  const ComparedRun run = read_compared_runs({folder.string()}, "val").front();
  if (!run.predictions) {
    reason = fmt::format("{} is gone", (folder / run_file::kPredictions).string());
    return {};
  }
  if (!std::is_permutation(classes.begin(), classes.end(), run.classes.begin(),
                           run.classes.end())) {
    reason = fmt::format("{} names other classes than the model",
                         (folder / run_file::kSummary).string());
    return {};
  }
  const auto order = positions_of(classes, run.classes);
  return ValidationAnswers{
      run.predictions->paths,
      run.predictions->images.predictions.index_select(1, torch::tensor(order, torch::kInt64)),
      reordered(run.predictions->images.truth, order)};
}

/// The same, where damaged files are a reason too.
std::optional<ValidationAnswers> answers_of(const std::string& member, const Names& classes,
                                            std::string& reason) {
  try {
    return answers_of_run(member, classes, reason);
  } catch (const DataError& error) {
    reason = error.what();
    return {};
  }
}

/// The rows of `other` in the order of the images of `first`; nothing where the images differ.
std::optional<torch::Tensor> rows_in_order(const Names& first, const Names& other) {
  std::unordered_map<std::string, std::int64_t> row_of;
  for (std::size_t i = 0; i < other.size(); ++i) row_of[other[i]] = static_cast<std::int64_t>(i);
  std::vector<std::int64_t> rows;
  for (const std::string& path : first) {
    const auto found = row_of.find(path);
    if (found == row_of.end()) return {};
    rows.push_back(found->second);
  }
  if (first.size() != other.size()) return {};
  return torch::tensor(rows, torch::kInt64);
}

/// Outputs of a model whose predictions these are.
torch::Tensor outputs_of_predictions(const torch::Tensor& predictions, TargetKind kind) {
  constexpr double kSmallest = 1e-12;
  switch (kind) {
    case TargetKind::kClass: return predictions.clamp_min(kSmallest).log();
    case TargetKind::kLabels: return torch::logit(predictions.to(torch::kFloat64), kSmallest);
    case TargetKind::kValues: break;
  }
  return predictions;
}

bool have_same_truth(const Truth& a, const Truth& b) {
  if (!torch::equal(a.labels, b.labels)) return false;
  return !a.targets.defined() || torch::equal(a.targets, b.targets);
}

}  // namespace

EnsembleScore score_ensemble(const std::vector<std::string>& members, const Names& classes,
                             const Objective& objective) {
  const TargetKind kind = objective.targets();
  EnsembleScore score;
  std::vector<ValidationAnswers> answers;
  for (const std::string& member : members) {
    auto given = answers_of(member, classes, score.reason);
    if (!given) return score;
    if (!answers.empty()) {
      const ValidationAnswers& first = answers.front();
      const auto rows = rows_in_order(first.paths, given->paths);
      if (rows) {
        given->predictions = given->predictions.index_select(0, *rows);
        given->truth = given->truth.select(*rows);
      }
      if (!rows || !have_same_truth(first.truth, given->truth)) {
        score.reason =
            fmt::format("{} was validated on other images than {}", member, members.front());
        return score;
      }
    }
    answers.push_back(std::move(*given));
  }
  const Truth& truth = answers.front().truth;
  const auto measured = [&](const torch::Tensor& predictions) {
    const auto outputs = outputs_of_predictions(predictions, kind).to(torch::kFloat);
    return measure(objective, outputs, truth, {});
  };
  torch::Tensor sum;
  for (const ValidationAnswers& one : answers) {
    score.members.push_back(score_of(measured(one.predictions)));
    sum = sum.defined() ? sum + one.predictions : one.predictions;
  }
  const Metrics together = measured(sum / static_cast<double>(answers.size()));
  score.ensemble = score_of(together);
  score.loss = loss_of(together);
  score.images = truth.rows();
  return score;
}

}  // namespace transfer
