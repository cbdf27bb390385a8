#include "app/report/summary.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "app/advice/advice.h"
#include "app/report/confidence_report.h"
#include "app/report/findings_report.h"
#include "app/report/metrics_report.h"
#include "app/report/versions.h"
#include "app/training/estimated_score.h"
#include "core/json_text.h"
#include "core/quantity_text.h"
#include "core/run_files.h"
#include "core/run_format.h"

namespace transfer {

using nlohmann::ordered_json;

namespace {

/// With the same digits as the keys of summary.json, which count in MB.
std::string memory_text(double megabytes) { return bytes_text(megabytes * 1e6); }

ordered_json counts_object(const SplitCounts& counts, const Summary& s) {
  ordered_json object = {{"count", counts.images}};
  if (s.objective.targets() == TargetKind::kValues) return object;
  const char* key = s.objective.targets() == TargetKind::kClass ? "per_class" : "per_label";
  for (std::size_t c = 0; c < s.classes.size(); ++c)
    object[key][s.classes[c]] = counts.per_class[c];
  return object;
}

ordered_json data_object(const Summary& s) {
  ordered_json object = {{"path", s.data_path}, {"sha256", s.data_sha256}};
  for (const char* split : {"train", "val", "test"}) {
    const auto found = s.data_images.find(split);
    if (found != s.data_images.end()) object["images"][split] = counts_object(found->second, s);
  }
  object.update(findings_object(s.findings));
  return object;
}

}  // namespace

SplitCounts count_images(const std::vector<Sample>& samples, std::size_t outputs, TargetKind kind) {
  SplitCounts counts{static_cast<std::int64_t>(samples.size()), {}};
  if (kind == TargetKind::kValues) return counts;
  counts.per_class.assign(outputs, 0);
  for (const Sample& sample : samples) {
    if (kind == TargetKind::kClass) {
      ++counts.per_class[static_cast<std::size_t>(sample.label)];
      continue;
    }
    for (std::size_t c = 0; c < outputs; ++c) counts.per_class[c] += sample.targets[c] >= 0.5F;
  }
  return counts;
}

std::string to_json(const Summary& s) {
  ordered_json object = {
      {"format", kRunFormat},
      {"strategy", s.strategy},
      {"backbone", s.backbone},
      {"device", s.device},
      {"threads", s.threads},
      {"seed", s.seed},
      {"task", name_of(s.objective.task())},
      {"loss", name_of(s.objective.loss)},
      {"classes", s.classes},
      {"train_images", s.train_images},
      {"monitor", name_of(s.monitor)},
      {"best_epoch", s.best_epoch},
      {"epochs", s.epochs},
      {"ended_by", name_of(s.end)},
      {"weight_decay", s.weight_decay},
      {"weight_decay_chosen_by", s.weight_decay_is_chosen ? "cross-validation" : "config"},
      {"val", metrics_object(s.val, s.classes)},
  };
  if (s.views > 1) object["tta_views"] = s.views;
  if (!s.cut.empty()) object["cut"] = s.cut;
  if (!s.blocks.empty()) object["features"] = s.blocks;
  const std::string score_key(estimated_score_name(s.objective).key);
  for (const ScoredBlocks& set : s.block_sets) {
    object["feature_sets"].push_back({{"title", set.title},
                                      {"weight", set.weight},
                                      {"loss", set.loss},
                                      {score_key, set.score.value},
                                      {"standard_error", set.score.standard_error}});
    if (set.weight_decay) object["feature_sets"].back()["weight_decay"] = *set.weight_decay;
  }
  for (const JoinedModel& member : s.members) {
    object["members"].push_back({{"run_directory", member.run_directory},
                                 {"backbone", member.backbone},
                                 {"strategy", member.strategy},
                                 {"input_size", {member.height, member.width}},
                                 {member.val.name.key, member.val.value}});
  }
  if (!s.frozen_up_to.empty()) object["frozen_up_to"] = s.frozen_up_to;
  if (s.teacher) {
    object["teacher"] = {{"path", s.teacher->path},
                         {"sha256", s.teacher->sha256},
                         {"name", s.teacher->name},
                         {"weight", s.teacher->weight},
                         {"temperature", s.teacher->temperature}};
  }
  if (s.replicas > 1) object["replicas"] = s.replicas;
  if (s.processes > 1) object["processes"] = s.processes;
  if (s.reduction.steps > 0) {
    object["data_parallel"] = {{"steps", s.reduction.steps},
                               {"bytes_per_step", s.reduction.bytes / s.reduction.steps},
                               {"seconds_in_steps", s.seconds_in_steps},
                               {"seconds_waiting", s.reduction.seconds_waiting}};
  }
  if (!s.activations.empty()) object["activations"] = s.activations;
  for (const StageProbe& probe : s.probes) {
    object["probes"].push_back({{"stage", probe.stage},
                                {score_key, probe.score.value},
                                {"standard_error", probe.score.standard_error}});
  }
  if (s.test) object["test"] = metrics_object(*s.test, s.classes);
  if (s.calibration) object["calibration"] = calibration_object(*s.calibration);
  if (s.known_images) object["unknown"] = known_images_object(*s.known_images);
  object["broken_images"] = s.broken;
  object["skipped_files"] = s.findings.skipped.size();
  object["data"] = data_object(s);
  object["seconds"] = {
      {"total", s.seconds_total}, {"extract", s.seconds_extract}, {"train", s.seconds_train}};
  object["peak_memory_mb"] = s.peak_memory_mb;
  if (s.peak_gpu_memory_mb) object["peak_gpu_memory_mb"] = *s.peak_gpu_memory_mb;
  object["versions"] = versions_object(versions());
  object.update(provenance_object(s.provenance));
  object["run_directory"] = s.run_directory;
  if (!s.advice.empty()) object["advice"] = ordered_json::parse(s.advice);
  return json_text(object);
}

ordered_json result_members(const Summary& s) {
  ordered_json members = {{"run_directory", s.run_directory},
                          {"strategy", s.strategy},
                          {"best_epoch", s.best_epoch},
                          {"epochs", s.epochs}};
  const auto add = [&members](const std::string& split, const Metrics& metrics) {
    const Score score = score_of(metrics);
    members[split + "_loss"] = loss_of(metrics);
    members[fmt::format("{}_{}", split, score.name.key)] = score.value;
  };
  add("val", s.val);
  if (s.test) add("test", *s.test);
  return members;
}

std::string to_text(const Summary& s) {
  const std::string views = views_text(s.views);
  std::string text = metrics_text("validation" + views, s.val, s.classes);
  if (s.test) text += metrics_text("test" + views, *s.test, s.classes);
  if (s.calibration) text += calibration_text(*s.calibration);
  if (s.known_images) text += known_images_text(*s.known_images);
  if (!s.advice.empty()) {
    text += fmt::format("strategy chosen by measuring: {}\n", advice_in_one_line(s.advice));
  }
  if (!s.broken.empty()) text += fmt::format("broken images left out: {}\n", s.broken.size());
  for (const JoinedModel& member : s.members) {
    text += fmt::format("member {}: {} at {}x{}, {}, validation {}\n", member.run_directory,
                        member.backbone, member.height, member.width, member.strategy,
                        member.val.text());
  }
  if (s.members.empty()) {
    text += fmt::format("best epoch {} of {}, weight decay {:.4g}{}\n", s.best_epoch, s.epochs,
                        s.weight_decay,
                        s.weight_decay_is_chosen ? " (chosen by 5-fold cross-validation)" : "");
  }
  const std::string parts = s.members.empty() ? fmt::format(" (features {}, training {})",
                                                            duration_text(s.seconds_extract),
                                                            duration_text(s.seconds_train))
                                              : "";
  text += fmt::format("time {}{}, peak memory {}{}\n", duration_text(s.seconds_total), parts,
                      memory_text(s.peak_memory_mb),
                      s.peak_gpu_memory_mb
                          ? fmt::format(" and {} of the GPU's", memory_text(*s.peak_gpu_memory_mb))
                          : "");
  if (s.end == TrainingEnd::kTimeLimit) {
    text += s.stop_batch > 0
                ? fmt::format(
                      "training was stopped at batch {} by train.time_limit or "
                      "train.stop_batch; the best weights so far are kept\n",
                      s.stop_batch)
                : "training was stopped by train.time_limit; the best weights so far are kept\n";
  }
  text += fmt::format(
      "written to {}: {}{} {}{}{} {}", s.run_directory,
      s.has_report ? fmt::format("{} ", run_file::kReport) : "", run_file::kModel,
      s.has_last_model ? fmt::format("{} ", run_file::kLastModel) : "", run_file::kSummary,
      s.members.empty() ? fmt::format(" {} {}", run_file::kMetrics, run_file::kResults) : "",
      run_file::kPredictions);
  if (s.test) text += fmt::format(" {}", run_file::kTestPredictions);
  text += fmt::format(" {}", run_file::kConfig);
  for (const std::string& picture : s.pictures) text += " " + picture;
  if (!s.advice.empty()) text += fmt::format(" {}", run_file::kAdvice);
  return text + "\n";
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace transfer
