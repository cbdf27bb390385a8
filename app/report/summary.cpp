#include "app/report/summary.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Class names longer than a column are cut in the text, never in JSON.
constexpr std::size_t kNameWidth = 18;
/// A confusion matrix wider than this is left to summary.json.
constexpr std::size_t kMostClassesShown = 12;

ordered_json metrics_object(const ClassificationMetrics& m,
                            const std::vector<std::string>& classes) {
  ordered_json per_class = ordered_json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    per_class[classes[c]] = {
        {"precision", m.precision[c]}, {"recall", m.recall[c]}, {"f1", m.f1[c]}};
  }
  return {{"pictures", m.pictures}, {"loss", m.loss},
          {"top1", m.top1},         {"k", m.k},
          {"topk", m.topk},         {"macro_f1", m.macro_f1},
          {"classes", per_class},   {"confusion", m.confusion}};
}

std::string dump(const ordered_json& object) {
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string metrics_json(const ClassificationMetrics& metrics,
                         const std::vector<std::string>& classes) {
  return dump(metrics_object(metrics, classes));
}

std::string to_json(const Summary& s) {
  ordered_json object = {
      {"strategy", s.strategy},
      {"backbone", s.backbone},
      {"device", s.device},
      {"threads", s.threads},
      {"seed", s.seed},
      {"classes", s.classes},
      {"train_pictures", s.train_pictures},
      {"best_epoch", s.best_epoch},
      {"epochs", s.epochs},
      {"weight_decay", s.weight_decay},
      {"weight_decay_chosen_by", s.weight_decay_is_chosen ? "cross-validation" : "config"},
      {"val", metrics_object(s.val, s.classes)},
  };
  if (!s.cut.empty()) object["cut"] = s.cut;
  for (const StageProbe& probe : s.probes) {
    object["probes"].push_back({{"stage", probe.stage},
                                {"accuracy", probe.accuracy},
                                {"standard_error", probe.standard_error}});
  }
  if (s.test) object["test"] = metrics_object(*s.test, s.classes);
  object["broken"] = s.broken;
  object["skipped_files"] = s.skipped_files;
  object["seconds"] = {
      {"total", s.seconds_total}, {"extract", s.seconds_extract}, {"train", s.seconds_train}};
  object["peak_memory_mb"] = s.peak_memory_mb;
  object["run_directory"] = s.run_directory;
  return dump(object);
}

std::string metrics_text(const std::string& title, const ClassificationMetrics& m,
                         const std::vector<std::string>& classes) {
  std::string text = fmt::format("{}: {} pictures, accuracy {:.2f} %, macro-F1 {:.4f}, loss {:.4f}",
                                 title, m.pictures, 100 * m.top1, m.macro_f1, m.loss);
  if (classes.size() > static_cast<std::size_t>(m.k) && m.k > 1) {
    text += fmt::format(", top-{} {:.2f} %", m.k, 100 * m.topk);
  }
  text += "\n";
  std::size_t width = 5;
  for (const auto& name : classes) width = std::max(width, std::min(name.size(), kNameWidth));
  text += fmt::format("  {:<{}}  precision  recall      F1", "class", width);
  const bool shows_matrix = classes.size() <= kMostClassesShown;
  text += shows_matrix ? "   predicted as (columns in the same order)\n" : "\n";
  for (std::size_t c = 0; c < classes.size(); ++c) {
    text += fmt::format("  {:<{}}  {:9.4f}  {:6.4f}  {:6.4f}", classes[c].substr(0, kNameWidth),
                        width, m.precision[c], m.recall[c], m.f1[c]);
    if (shows_matrix) {
      text += "  ";
      for (const auto count : m.confusion[c]) text += fmt::format(" {:5}", count);
    }
    text += "\n";
  }
  return text;
}

std::string to_text(const Summary& s) {
  std::string text = metrics_text("validation", s.val, s.classes);
  if (s.test) text += metrics_text("test", *s.test, s.classes);
  if (!s.broken.empty()) text += fmt::format("broken pictures left out: {}\n", s.broken.size());
  text += fmt::format(
      "best epoch {} of {}, weight decay {}{}\ntime {:.1f} s (features {:.1f} s, training {:.1f} "
      "s), "
      "peak memory {:.0f} MB\n",
      s.best_epoch, s.epochs, s.weight_decay,
      s.weight_decay_is_chosen ? " (chosen by 5-fold cross-validation)" : "", s.seconds_total,
      s.seconds_extract, s.seconds_train, s.peak_memory_mb);
  text += fmt::format(
      "written to {}: model.pt summary.json metrics.jsonl predictions_val.csv "
      "config.yaml\n",
      s.run_directory);
  return text;
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

}  // namespace transfer
