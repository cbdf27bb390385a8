#include "app/commands/evaluation_report.h"

#include <fmt/format.h>

#include "app/report/findings_report.h"
#include "app/report/html_page.h"
#include "app/report/html_report.h"
#include "app/report/report_facts.h"
#include "app/runs/report_explanations.h"
#include "core/atomic_file.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/folder_output.h"
#include "core/run_files.h"
#include "core/write_failure.h"
#include "models/model_path.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEvaluate = "evaluate";

std::string title_of_split(const std::string& split) {
  if (split.empty()) return "all";
  if (split == "train") return "training";
  return split == "val" ? "validation" : split;
}

/// How the run trained, if it is one and its files can be read.
void add_run(const fs::path& run, ReportContents& contents) {
  if (!is_folder(run) || !is_file(run / run_file::kSummary)) return;
  const auto summary = nlohmann::json::parse(read_file(run / run_file::kSummary), nullptr,
                                             /*allow_exceptions=*/false);
  if (!summary.is_object()) return;
  const auto add = [&](const char* title, const char* key) {
    const auto found = summary.find(key);
    if (found != summary.end() && found->is_string()) {
      contents.facts.emplace_back(title, found->get<std::string>());
    }
  };
  add("Strategy of the training", "strategy");
  add("Trained by", "command");
  if (is_file(run / run_file::kMetrics)) contents.metrics = read_file(run / run_file::kMetrics);
  if (summary.contains("best_epoch") && summary["best_epoch"].is_number_integer()) {
    contents.best_epoch = summary["best_epoch"].get<std::int64_t>();
  }
  if (is_file(run / run_file::kConfig)) contents.config = read_file(run / run_file::kConfig);
  if (is_file(run / run_file::kAdvice)) contents.advice = read_file(run / run_file::kAdvice);
}

/// Where the model's answers come from. Its training images are not known here.
void add_explanations(const EvaluationReport& e, const ModelMetadata& metadata,
                      ReportContents& contents) {
  if (metadata.stages.empty()) return;
  const auto maps = [&e] {
    return ActivationMaps(Backbone::load(model_path(e.model), {}, e.trust), "");
  };
  explain_report_images(contents.splits.back().second, {maps, {}, e.samples, {}}, contents.extras);
}

}  // namespace

void require_report_folder(const fs::path& folder) {
  if (const std::string reason = why_no_folder(folder); !reason.empty()) {
    throw OutputError(
        fmt::format("--report {}: {}. Expected a folder, or the path of a new one, that can be "
                    "written to.",
                    folder.string(), reason));
  }
  for (const char* name : {run_file::kSummary, run_file::kConfig, run_file::kMetrics}) {
    if (!is_file(folder / name)) continue;
    throw OutputError(
        fmt::format("--report {}: is a run directory ({} is there), whose own report.html would be "
                    "replaced. Choose another folder.",
                    folder.string(), name));
  }
  const fs::path file = folder / run_file::kReport;
  const FileKind kind = file_kind(file);
  const bool is_own = kind == FileKind::kRegularFile && is_page_of(file, kEvaluate);
  if (kind != FileKind::kNothing && !is_own) {
    throw OutputError(fmt::format(
        "--report {}: {} {}. Choose another folder, or remove it.", folder.string(), file.string(),
        kind == FileKind::kFolder ? "is a folder"
                                  : "is there already and is no report of evaluate"));
  }
  if (is_folder(folder)) const AtomicFile probe(file);
}

void write_evaluation_report(const Classifier& model, const EvaluationReport& e,
                             const fs::path& folder) {
  const ModelMetadata& metadata = model.metadata();
  ReportContents contents;
  contents.command = kEvaluate;
  contents.seen = e.split.empty()      ? ReportContents::Seen::kPerhaps
                  : e.split == "train" ? ReportContents::Seen::kYes
                                       : ReportContents::Seen::kNo;
  const std::string split = title_of_split(e.split);
  contents.title = fmt::format("Evaluation of {}", e.model);
  contents.facts = {
      {"Model", fs::absolute(e.model).lexically_normal().string()},
      {"Backbone", metadata.name},
      {"Data", fs::absolute(e.data).lexically_normal().string()},
      {"Images", fmt::format("{} ({})", e.samples.size(), split)},
      {"Computed on", fmt::format("{}, {}", e.device.str(),
                                  count_text(static_cast<std::size_t>(e.threads), "thread"))}};
  if (e.views > 1) contents.facts.push_back(fact_of_views(e.views));
  const Provenance provenance = provenance_of_now(e.device);
  add_run(e.model, contents);
  for (auto& fact : facts_of_machine(provenance)) contents.facts.push_back(std::move(fact));
  contents.repeat_command = provenance.command;
  contents.splits.push_back({split,
                             {e.samples, e.truth, e.outputs, e.metrics, metadata.classes,
                              metadata.objective, metadata.preprocessing}});
  contents.findings = findings_object(e.findings);
  for (const BrokenImage& image : e.broken) contents.broken.push_back(image.reason);
  add_explanations(e, metadata, contents);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw write_failure(folder, error.value());
  write_html_report(contents, folder / run_file::kReport);
}

}  // namespace transfer
