#include "app/runs/ensemble_run.h"

#include <string>

#include "app/features/broken_images.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "app/report/ensemble_score.h"
#include "app/runs/report_explanations.h"
#include "app/runs/run_record.h"
#include "app/runs/run_report.h"
#include "app/runs/split_results.h"
#include "core/errors.h"
#include "core/run_files.h"
#include "models/classifier.h"
#include "models/ensemble.h"

namespace transfer {
namespace {

SplitOutputs outputs_of_model(const Classifier& model, const Preparation& p,
                              const std::vector<Sample>& samples, const std::string& title,
                              Summary& summary) {
  const auto result = model_logits(model, samples, p.device, p.threads, title, summary.views);
  for (const BrokenImage& image : result.broken) summary.broken.push_back(image.reason);
  return {result.logits, truth_of(samples, result.broken)};
}

std::vector<JoinedModel> joined_models(const std::vector<MemberRun>& members,
                                       const std::vector<ModelMetadata>& metadata,
                                       const Summary& summary, const RunDirectory& run) {
  std::vector<std::string> names;
  for (const MemberRun& member : members) names.push_back(member.directory.string());
  const EnsembleScore score = score_ensemble(names, summary.classes, summary.objective);
  if (!score.ensemble) throw DataError(score.reason);
  std::vector<JoinedModel> joined;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Preprocessing& input = metadata[i].preprocessing;
    joined.push_back({std::filesystem::relative(members[i].directory, run.path()).string(),
                      metadata[i].name, members[i].strategy, input.height, input.width,
                      score.members[i]});
  }
  return joined;
}

}  // namespace

Summary run_ensemble(const Preparation& p, const RunDirectory& run,
                     const std::vector<MemberRun>& members) {
  Summary summary = begin_summary(p, run);
  summary.strategy = kEnsembleStrategy;
  summary.train_images = static_cast<std::int64_t>(p.dataset.train.size());
  std::vector<std::filesystem::path> files;
  for (const MemberRun& member : members) files.push_back(member.directory / run_file::kModel);
  const auto file = run.file(run_file::kModel);
  const Trust trust = own_model_trust(p.config.trust, p.config.trust_file);
  const auto metadata = write_ensemble(files, file, trust);
  summary.members = joined_models(members, metadata, summary, run);
  const Classifier model(file, p.device, trust);
  summary.backbone = model.metadata().name;
  summary.objective = model.metadata().objective;
  const SplitOutputs val = outputs_of_model(model, p, p.dataset.val, "val", summary);
  std::optional<SplitOutputs> test;
  if (!p.dataset.test.empty()) {
    test = outputs_of_model(model, p, p.dataset.test, "test", summary);
  }
  const MeasureOptions options{.k = p.config.train.top_k, .auroc = true};
  summary.val = measure(summary.objective, val.outputs, val.truth, options);
  if (test) summary.test = measure(summary.objective, test->outputs, test->truth, options);
  write_split_results(p, run, val, test, summary);
  const Explanation explanation{{}, {}, p.dataset.train, truth_of(p.dataset.train)};
  write_run_report(p, run, val, test, explain_run(p, val, test, explanation, summary), summary);
  return summary;
}

}  // namespace transfer
