#include "app/report/prediction_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "app/report/column_names.h"
#include "datasets/target_text.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;
using Names = std::vector<std::string>;
using Numbers = std::vector<float>;

/// Positions from the highest number to the lowest.
std::vector<std::size_t> ranked(const Numbers& numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return numbers[a] > numbers[b]; });
  return order;
}

std::string percentage(const std::string& name, float probability) {
  return fmt::format("  {} {:.2f} %", name, 100 * static_cast<double>(probability));
}

class ClassFormat : public PredictionFormat {
 public:
  ClassFormat(Names classes, std::int64_t top)
      : classes_(std::move(classes)),
        top_(std::min(static_cast<std::size_t>(top), classes_.size())) {}

  PredictionCells csv_header() const override {
    PredictionCells cells{{"class", "probability"}, {}};
    for (std::size_t k = 2; k <= top_; ++k) {
      cells.right.push_back(fmt::format("class_{}", k));
      cells.right.push_back(fmt::format("probability_{}", k));
    }
    return cells;
  }

  PredictionCells csv_cells(const Numbers& predictions) const override {
    PredictionCells cells;
    const auto order = ranked(predictions);
    for (std::size_t k = 0; k < top_; ++k) {
      Names& side = k == 0 ? cells.left : cells.right;
      side.push_back(classes_[order[k]]);
      side.push_back(fmt::format("{:.6f}", predictions[order[k]]));
    }
    return cells;
  }

  void add_json(ordered_json& object, const Numbers& predictions) const override {
    const auto order = ranked(predictions);
    object["class"] = classes_[order[0]];
    object["probability"] = predictions[order[0]];
    object["top"] = ordered_json::array();
    for (std::size_t k = 0; k < top_; ++k) {
      object["top"].push_back(
          {{"class", classes_[order[k]]}, {"probability", predictions[order[k]]}});
    }
  }

  std::string text(const Numbers& predictions) const override {
    std::string text;
    const auto order = ranked(predictions);
    for (std::size_t k = 0; k < top_; ++k) {
      text += percentage(classes_[order[k]], predictions[order[k]]);
    }
    return text;
  }

 private:
  Names classes_;
  std::size_t top_;
};

class LabelFormat : public PredictionFormat {
 public:
  LabelFormat(Names labels, std::int64_t top)
      : labels_(std::move(labels)), top_(static_cast<std::size_t>(top)) {}

  PredictionCells csv_header() const override {
    PredictionCells cells{{"labels"}, {}};
    const Names columns = distinct_columns(labels_, {"path", "labels"}, "probability_");
    cells.left.insert(cells.left.end(), columns.begin(), columns.end());
    return cells;
  }

  PredictionCells csv_cells(const Numbers& predictions) const override {
    PredictionCells cells{{joined_labels(predictions, labels_)}, {}};
    for (const float p : predictions) cells.left.push_back(fmt::format("{:.6f}", p));
    return cells;
  }

  void add_json(ordered_json& object, const Numbers& predictions) const override {
    object["labels"] = ordered_json::array();
    object["probabilities"] = ordered_json::object();
    for (std::size_t c = 0; c < labels_.size(); ++c) {
      if (predictions[c] >= 0.5F) object["labels"].push_back(labels_[c]);
      object["probabilities"][labels_[c]] = predictions[c];
    }
  }

  std::string text(const Numbers& predictions) const override {
    std::string text;
    const auto order = ranked(predictions);
    for (std::size_t k = 0; k < order.size(); ++k) {
      const float probability = predictions[order[k]];
      if (k >= top_ && probability < 0.5F) break;
      text += percentage(labels_[order[k]], probability);
    }
    return text;
  }

 private:
  Names labels_;
  std::size_t top_;
};

class NumberFormat : public PredictionFormat {
 public:
  explicit NumberFormat(Names names) : names_(std::move(names)) {}

  PredictionCells csv_header() const override {
    return {distinct_columns(names_, {"path"}, "predicted_"), {}};
  }

  PredictionCells csv_cells(const Numbers& predictions) const override {
    PredictionCells cells;
    for (const float value : predictions) cells.left.push_back(fmt::format("{:.7g}", value));
    return cells;
  }

  void add_json(ordered_json& object, const Numbers& predictions) const override {
    for (std::size_t k = 0; k < names_.size(); ++k) object["values"][names_[k]] = predictions[k];
  }

  std::string text(const Numbers& predictions) const override {
    std::string text;
    for (std::size_t k = 0; k < names_.size(); ++k) {
      text += fmt::format("  {} {:.6g}", names_[k], predictions[k]);
    }
    return text;
  }

 private:
  Names names_;
};

}  // namespace

std::string error_column(const PredictionCells& header) {
  Names taken = header.left;
  taken.insert(taken.end(), header.right.begin(), header.right.end());
  return distinct_columns({"error"}, taken, "image_").front();
}

std::unique_ptr<PredictionFormat> prediction_format(TargetKind kind,
                                                    const std::vector<std::string>& classes,
                                                    std::int64_t top) {
  switch (kind) {
    case TargetKind::kClass: return std::make_unique<ClassFormat>(classes, top);
    case TargetKind::kLabels: return std::make_unique<LabelFormat>(classes, top);
    case TargetKind::kValues: break;
  }
  return std::make_unique<NumberFormat>(classes);
}

}  // namespace transfer
