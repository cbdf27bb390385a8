#include "app/report/metrics_report.h"
#include "core/count_text.h"
#include "core/display_width.h"
#include "core/quantity_text.h"
#include "core/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using nlohmann::ordered_json;
using Names = std::vector<std::string>;

/// Class names of more columns are cut in the text, never in JSON.
constexpr std::size_t kNameWidth = 18;
/// A wider confusion matrix is only in summary.json.
constexpr std::size_t kMostClassesShown = 12;

std::size_t name_width(const Names& names, std::size_t at_least) {
  std::size_t width = at_least;
  for (const auto& name : names) width = std::max(width, std::min(display_width(name), kNameWidth));
  return width;
}

std::string name_column(const std::string& name, std::size_t width) {
  return "  " + padded(shortened(name, kNameWidth), width);
}

std::string images_text(std::int64_t images) {
  return count_text(static_cast<std::size_t>(images), "image");
}

ordered_json column_object(const ColumnMetrics& column) {
  return {{kR2.key, column.r2}, {"mae", column.mae}, {"rmse", column.rmse}};
}

/// What every split's metrics begin with.
ordered_json score_object(std::int64_t images, double loss, const ScoreName& score, double value) {
  return {{"images", images}, {"loss", loss}, {score.key, value}};
}

/// Whether top-k accuracy says more than accuracy does, and less than "always".
bool shows_top_k(const ClassificationMetrics& metrics) {
  return metrics.k > 1 && static_cast<std::size_t>(metrics.k) < metrics.confusion_matrix.size();
}

struct ToJson {
  const Names& names;

  ordered_json operator()(const ClassificationMetrics& m) const {
    ordered_json per_class = ordered_json::object();
    for (std::size_t c = 0; c < names.size(); ++c) {
      per_class[names[c]] = {{"precision", m.precision[c]},
                             {"recall", m.recall[c]},
                             {"f1", m.f1[c]},
                             {"support", m.support[c]}};
    }
    ordered_json object = score_object(m.images, m.loss, kAccuracy, m.accuracy);
    if (shows_top_k(m)) object[fmt::format("top{}_accuracy", m.k)] = m.top_k_accuracy;
    object["macro_f1"] = m.macro_f1;
    if (m.auroc) object["auroc"] = *m.auroc;
    object["per_class"] = per_class;
    object["confusion_matrix"] = m.confusion_matrix;
    return object;
  }

  ordered_json operator()(const MultiLabelMetrics& m) const {
    ordered_json per_label = ordered_json::object();
    for (std::size_t c = 0; c < names.size(); ++c) {
      per_label[names[c]] = {{"average_precision", m.average_precision[c]},
                             {"precision", m.precision[c]},
                             {"recall", m.recall[c]},
                             {"f1", m.f1[c]},
                             {"support", m.support[c]},
                             {"threshold", m.threshold[c]}};
    }
    ordered_json object =
        score_object(m.images, m.loss, kMeanAveragePrecision, m.mean_average_precision);
    object["macro_f1"] = m.macro_f1;
    if (m.auroc) object["auroc"] = *m.auroc;
    if (m.accuracy) object[kAccuracy.key] = *m.accuracy;
    object["per_label"] = per_label;
    return object;
  }

  ordered_json operator()(const RegressionMetrics& m) const {
    ordered_json object = {{"images", m.images}, {"loss", m.loss}};
    object.update(column_object(m.mean));
    if (names.size() < 2) return object;
    for (std::size_t k = 0; k < names.size(); ++k) {
      object["per_target"][names[k]] = column_object(m.columns[k]);
    }
    return object;
  }
};

std::string auroc_text(const std::optional<double>& auroc) {
  return auroc ? fmt::format(", AUROC {:.4f}", *auroc) : "";
}

struct ToText {
  std::string title;
  const Names& names;

  std::string operator()(const ClassificationMetrics& m) const {
    std::string text =
        fmt::format("{}: {}, accuracy {:.2f} %, macro-F1 {:.4f}, loss {}", title,
                    images_text(m.images), 100 * m.accuracy, m.macro_f1, fixed_text(m.loss));
    text += auroc_text(m.auroc);
    if (shows_top_k(m)) {
      text += fmt::format(", top-{} {:.2f} %", m.k, 100 * m.top_k_accuracy);
    }
    text += "\n";
    const std::size_t width = name_width(names, 5);
    text += fmt::format("  {:<{}}  precision  recall      F1", "class", width);
    const bool shows_matrix = names.size() <= kMostClassesShown;
    text += shows_matrix ? "   predicted as (columns in the same order)\n" : "\n";
    for (std::size_t c = 0; c < names.size(); ++c) {
      text += name_column(names[c], width) +
              fmt::format("  {:9.4f}  {:6.4f}  {:6.4f}", m.precision[c], m.recall[c], m.f1[c]);
      if (shows_matrix) {
        text += "  ";
        for (const auto count : m.confusion_matrix[c]) text += fmt::format(" {:5}", count);
      }
      text += "\n";
    }
    return text;
  }

  std::string operator()(const MultiLabelMetrics& m) const {
    std::string text =
        fmt::format("{}: {}, mAP {:.4f}, macro-F1 {:.4f}, loss {}", title, images_text(m.images),
                    m.mean_average_precision, m.macro_f1, fixed_text(m.loss));
    text += auroc_text(m.auroc);
    if (m.accuracy) text += ", " + kAccuracy.text(*m.accuracy);
    const std::size_t width = name_width(names, 5);
    text +=
        fmt::format("\n  {:<{}}  images  precision  recall      F1  average precision  threshold\n",
                    "label", width);
    for (std::size_t c = 0; c < names.size(); ++c) {
      text +=
          name_column(names[c], width) +
          fmt::format("  {:8}  {:9.4f}  {:6.4f}  {:6.4f}  {:17.4f}  {:9.4f}\n", m.support[c],
                      m.precision[c], m.recall[c], m.f1[c], m.average_precision[c], m.threshold[c]);
    }
    return text;
  }

  std::string operator()(const RegressionMetrics& m) const {
    std::string text =
        fmt::format("{}: {}, R² {:.4f}, MAE {:.4g}, RMSE {:.4g}, loss {:.4g}\n", title,
                    images_text(m.images), m.mean.r2, m.mean.mae, m.mean.rmse, m.loss);
    if (names.size() < 2) return text;
    const std::size_t width = name_width(names, 6);
    text += fmt::format("  {:<{}}        R²         MAE        RMSE\n", "target", width);
    for (std::size_t k = 0; k < names.size(); ++k) {
      const ColumnMetrics& column = m.columns[k];
      text += name_column(names[k], width) +
              fmt::format("  {:8.4f}  {:10.4g}  {:10.4g}\n", column.r2, column.mae, column.rmse);
    }
    return text;
  }
};

}  // namespace

ordered_json metrics_object(const Metrics& metrics, const std::vector<std::string>& classes) {
  return std::visit(ToJson{classes}, metrics);
}

std::optional<ScoreName> find_score(const nlohmann::json& metrics, std::string_view prefix) {
  for (const ScoreName& score : kModelScores) {
    if (metrics.contains(fmt::format("{}{}", prefix, score.key))) return score;
  }
  return std::nullopt;
}

std::string metrics_text(const std::string& title, const Metrics& metrics,
                         const std::vector<std::string>& classes) {
  Names names;
  for (const std::string& name : classes) names.push_back(visible(name));
  return std::visit(ToText{visible(title), names}, metrics);
}

std::string views_text(std::int64_t views) {
  return views > 1 ? fmt::format(", mean of {} views", views) : "";
}

}  // namespace transfer
