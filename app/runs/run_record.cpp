#include "app/runs/run_record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/features/cache_folder.h"
#include "core/json_text.h"

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
  summary.objective = p.objective();
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
  summary.run_directory = run.path().string();
  return summary;
}

void write_epoch(const RunDirectory& run, const EpochReport& report) {
  run.append_metrics(
      json_line({{"epoch", report.epoch},
                 {"train_loss", report.train_loss},
                 {"val_loss", report.val_loss},
                 {fmt::format("val_{}", report.val_score.name.key), report.val_score.value},
                 {"learning_rate", report.learning_rate},
                 {"seconds", report.seconds}}));
}

}  // namespace transfer
