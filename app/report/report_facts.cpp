#include "app/report/report_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/advice/advice.h"
#include "app/report/versions.h"
#include "configs/config.h"
#include "core/count_text.h"
#include "core/quantity_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

std::string counts_text(const Summary& s) {
  std::vector<std::string> parts;
  for (const auto& [split, title] :
       {std::pair("train", "for training"), std::pair("val", "for validation"),
        std::pair("test", "for the test")}) {
    const auto found = s.data_images.find(split);
    if (found == s.data_images.end()) continue;
    parts.push_back(fmt::format("{} {}", found->second.images, title));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string predicted_text(const Summary& s) {
  const std::size_t count = s.classes.size();
  switch (s.objective.targets()) {
    case TargetKind::kClass: return "one of " + count_of(count, "class", "classes");
    case TargetKind::kLabels: return "any of " + count_text(count, "label");
    case TargetKind::kValues: break;
  }
  return count_text(count, "number");
}

std::string strategy_text(const Summary& s) {
  if (!s.members.empty()) {
    std::vector<std::string> members;
    for (const JoinedModel& member : s.members) {
      members.push_back(fmt::format("{} at {}x{}, {} ({})", member.backbone, member.height,
                                    member.width, member.strategy, member.val.text()));
    }
    return fmt::format("the mean of what {} models predict: {}", members.size(),
                       fmt::join(members, "; "));
  }
  std::string text = fmt::format("{}: {}", s.strategy, find_strategy(s.strategy).summary);
  if (!s.cut.empty()) text += fmt::format("; cut behind {}", s.cut);
  if (!s.blocks.empty()) text += fmt::format("; features of {}", fmt::join(s.blocks, ", "));
  return text;
}

std::string why_text(const Summary& s) {
  if (!s.members.empty()) return "cross-validation on the training images chose its members";
  if (!s.advice.empty()) return "chosen by measuring: " + advice_in_one_line(s.advice);
  const std::string set = "set by the command or its configuration";
  return s.strategy == Config{}.strategy ? "the default, or " + set : set;
}

}  // namespace

std::string ended_by_text(TrainingEnd end) {
  switch (end) {
    case TrainingEnd::kEpochs: return "all epochs or iterations were used up";
    case TrainingEnd::kPatience:
      return "the validation images showed no more progress (early stopping)";
    case TrainingEnd::kConvergence: return "the fit converged";
    case TrainingEnd::kTimeLimit: break;
  }
  return "the time that was allowed was up";
}

ReportFacts facts_of_run(const Summary& s) {
  ReportFacts facts = {
      {"Strategy", strategy_text(s)},
      {"Why this strategy", why_text(s)},
      {"Backbone", s.backbone},
      {"Predicts", predicted_text(s)},
      {"Data", s.data_path},
      {"Images", counts_text(s)},
      {"Training", fmt::format("best epoch {} of {}; ended because {}", s.best_epoch, s.epochs,
                               ended_by_text(s.end))},
      {"Weight decay of the head",
       fmt::format("{:.4g}{}", s.weight_decay,
                   s.weight_decay_is_chosen ? ", chosen by cross-validation" : "")},
      {"Seed", fmt::format("{}", s.seed)},
      {"Computed on",
       fmt::format("{}, {}", s.device, count_text(static_cast<std::size_t>(s.threads), "thread"))},
      {"Time", fmt::format("{} for features, {} for training", duration_text(s.seconds_extract),
                           duration_text(s.seconds_train))},
      {"Run directory", s.run_directory},
  };
  if (s.views > 1) facts.push_back(fact_of_views(s.views));
  return facts;
}

std::pair<std::string, std::string> fact_of_views(std::int64_t views) {
  return {"Test-time augmentation",
          fmt::format("predictions are the mean over {} views of each image", views)};
}

ReportFacts facts_of_machine(const Provenance& p) {
  const Versions v = versions();
  std::string hardware = fmt::format("{}, {}, {} of memory", p.cpu.empty() ? "unknown CPU" : p.cpu,
                                     count_text(static_cast<std::size_t>(p.cores), "core"),
                                     bytes_text(static_cast<double>(p.memory_mb) * (1 << 20)));
  if (!p.gpu.empty()) hardware += ", " + p.gpu;
  std::string versions_text = fmt::format("transfer {} (commit {}), LibTorch {}, OpenCV {}, {}",
                                          v.transfer, v.commit, v.libtorch, v.opencv, v.compiler);
  if (!v.cuda.empty()) versions_text += ", CUDA " + v.cuda;
  if (!v.mpi.empty()) versions_text += ", " + v.mpi;
  ReportFacts facts = {{"Date", p.date}, {"Machine", hardware}, {"Versions", versions_text}};
  if (!p.command.empty()) facts.emplace_back("Command", p.command);
  return facts;
}

}  // namespace transfer
