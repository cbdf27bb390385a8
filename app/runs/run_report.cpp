#include "app/runs/run_report.h"

#include <fmt/format.h>

#include "app/report/augmentation_examples.h"
#include "app/report/findings_report.h"
#include "app/report/html_report.h"
#include "app/report/report_facts.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "core/shell_word.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// Whether training saw images that augmentation had changed.
bool images_were_changed(const Config& config) {
  return !find_strategy(config.strategy).trunk_is_frozen || config.augment.views > 0;
}

std::string text_of_file(const std::filesystem::path& file) {
  return is_file(file) ? read_file(file) : "";
}

std::optional<ReportExtras::Calibration> calibration_of(const Summary& summary) {
  if (!summary.calibration || !summary.calibration->before) return std::nullopt;
  return ReportExtras::Calibration{summary.calibration->before->ece,
                                   summary.calibration->after->ece,
                                   summary.calibration->calibration.temperature};
}

ReportContents contents_of(const Preparation& p, const RunDirectory& run, const SplitOutputs& val,
                           const std::optional<SplitOutputs>& test, const Summary& summary) {
  Summary described = summary;
  described.advice = text_of_file(run.file(run_file::kAdvice));
  const std::string config = run.file(run_file::kConfig).string();
  ReportContents contents;
  contents.title = fmt::format("Training report: {}", run.path().filename().string());
  contents.facts = facts_of_run(described);
  for (auto& fact : facts_of_machine(provenance_of_now(p.device))) {
    contents.facts.push_back(std::move(fact));
  }
  contents.repeat_command =
      fmt::format("transfer train --config {} --output {}", shell_word(config),
                  shell_word(run.path().string() + "-again"));
  contents.config = text_of_file(run.file(run_file::kConfig));
  const auto add = [&](const char* name, const std::vector<Sample>& samples,
                       const SplitOutputs& split, const Metrics& metrics) {
    contents.splits.push_back({name,
                               {samples, split.truth, split.outputs, metrics, p.dataset.classes,
                                summary.objective, p.preprocessing()}});
  };
  add("validation", p.dataset.val, val, summary.val);
  if (test) add("test", p.dataset.test, *test, *summary.test);
  contents.metrics = text_of_file(run.file(run_file::kMetrics));
  contents.best_epoch = summary.best_epoch;
  contents.ended_by = ended_by_text(summary.end);
  contents.advice = described.advice;
  contents.findings = findings_object(summary.findings);
  contents.broken = summary.broken;
  contents.seed = static_cast<std::uint64_t>(p.config.seed);
  if (images_were_changed(p.config)) {
    contents.augmentation =
        augmentation_examples(p.dataset.train, p.config.augment, p.preprocessing(), contents.seed);
  }
  return contents;
}

/// The split that the report shows in detail.
ShownSplit shown_split(const Preparation& p, const SplitOutputs& val,
                       const std::optional<SplitOutputs>& test, const Summary& summary) {
  const SplitOutputs& split = test ? *test : val;
  return {test ? p.dataset.test : p.dataset.val,
          split.truth,
          split.outputs,
          test ? *summary.test : summary.val,
          p.dataset.classes,
          summary.objective,
          p.preprocessing()};
}

}  // namespace

ReportExtras explain_run(const Preparation& p, const SplitOutputs& val,
                         const std::optional<SplitOutputs>& test, const Explanation& explanation,
                         const Summary& summary) {
  ReportExtras extras;
  if (!p.config.report.html) return extras;
  extras.calibration = calibration_of(summary);
  explain_report_images(shown_split(p, val, test, summary), explanation, extras);
  return extras;
}

void write_run_report(const Preparation& p, const RunDirectory& run, const SplitOutputs& val,
                      const std::optional<SplitOutputs>& test, ReportExtras extras,
                      Summary& summary) {
  if (!p.config.report.html) return;
  const auto file = run.file(run_file::kReport);
  try {
    ReportContents contents = contents_of(p, run, val, test, summary);
    contents.extras = std::move(extras);
    write_html_report(contents, file);
    summary.has_report = true;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    warn("{}: the report could not be written: {}", file.string(), error.what());
  }
}

}  // namespace transfer
