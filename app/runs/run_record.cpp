#include "app/runs/run_record.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "app/features/cache_folder.h"
#include "app/training/teacher.h"
#include "app/training/train_score.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/quantity_text.h"
#include "core/test_time_views.h"

namespace transfer {

std::filesystem::path feature_store_folder(const Config& config, const RunDirectory& run) {
  return feature_store_folder(config.cache, std::filesystem::absolute(run.path()).parent_path());
}

Summary begin_summary(const Preparation& p, const RunDirectory& run) {
  Summary summary;
  summary.strategy = p.config.strategy;
  summary.backbone = p.backbone.metadata().name;
  summary.device = p.device.str();
  summary.threads = p.threads;
  summary.processes = p.group->size();
  summary.seed = p.config.seed;
  summary.monitor = p.config.train.monitor;
  summary.objective = p.objective();
  summary.views = parse_test_time_views(p.config.train.tta, "train.tta");
  summary.classes = p.dataset.classes;
  summary.data_path = std::filesystem::absolute(p.config.data.path).lexically_normal().string();
  const auto count = [&](const char* split, const std::vector<Sample>& samples) {
    summary.data_images[split] =
        count_images(samples, p.dataset.classes.size(), p.objective().targets());
  };
  count("train", p.dataset.train);
  count("val", p.dataset.val);
  if (!p.dataset.test.empty()) count("test", p.dataset.test);
  summary.findings = p.dataset.findings;
  if (p.teacher) {
    summary.teacher = {p.teacher->file().path, p.teacher->file().sha256, p.teacher->metadata().name,
                       p.config.train.teacher_weight, p.config.train.teacher_temperature};
  }
  summary.run_directory = run.path().string();
  return summary;
}

std::string epoch_text(const EpochReport& report) {
  std::string text = fmt::format("epoch {}{}: val {}", report.epoch,
                                 report.epoch == 0 ? " (the start)" : "", report.val_score.text());
  if (report.val_monitored) text += ", val " + report.val_monitored->text();
  text += ", val loss " + fixed_text(report.val_loss);
  if (report.epoch == 0) return text;
  text += ", train loss " + fixed_text(report.train_loss);
  if (report.train_score) text += ", train " + report.train_score->text();
  text += fmt::format(", lr {:.3g}", report.learning_rate);
  if (report.images_per_second > 0)
    text += fmt::format(", {:.3g} images/s", report.images_per_second);
  text += fmt::format(", {:.1f} s", report.epoch_seconds);
  if (report.seconds_left > 0) text += fmt::format(", {} left", duration_text(report.seconds_left));
  return text;
}

void write_epoch(const RunDirectory& run, const EpochReport& report, const std::string& text) {
  const auto or_null = [](double number) {
    return std::isfinite(number) ? nlohmann::ordered_json(number) : nlohmann::ordered_json(nullptr);
  };
  const Score train = report.train_score.value_or(
      Score{training_score_name(report.val_score.name), std::numeric_limits<double>::quiet_NaN()});
  nlohmann::ordered_json members = {
      {"epoch", report.epoch},
      {"train_loss", or_null(report.train_loss)},
      {fmt::format("train_{}", train.name.key), or_null(train.value)},
      {"val_loss", report.val_loss},
      {fmt::format("val_{}", report.val_score.name.key), report.val_score.value}};
  if (report.val_monitored) {
    members[fmt::format("val_{}", name_of(report.val_monitored->monitor))] =
        or_null(report.val_monitored->value);
  }
  members["learning_rate"] = report.learning_rate;
  members["seconds"] = report.seconds;
  run.append_metrics(json_line(members));
  messages().event("epoch", members, text);
}

}  // namespace transfer
