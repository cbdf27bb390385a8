#include "app/report/prediction_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  ClassFormat(Names classes, std::int64_t top, const ClassColumns& columns)
      : classes_(std::move(classes)),
        top_(std::min(static_cast<std::size_t>(top), classes_.size())),
        columns_(columns) {}

  PredictionCells csv_header() const override {
    PredictionCells cells{{"class", "probability"}, {}};
    for (std::size_t k = first_on_the_right() + 1; k <= top_; ++k) {
      cells.right.push_back(fmt::format("class_{}", k));
      cells.right.push_back(fmt::format("probability_{}", k));
    }
    if (columns_.known) cells.right.insert(cells.right.end(), {"known", "unknown_score"});
    if (columns_.set) cells.right.emplace_back("set");
    return cells;
  }

  PredictionCells csv_cells(const Prediction& prediction) const override {
    PredictionCells cells;
    const auto order = ranked(prediction.numbers);
    const auto add = [&](Names& side, std::size_t k) {
      side.push_back(classes_[order[k]]);
      side.push_back(fmt::format("{:.6f}", prediction.numbers[order[k]]));
    };
    add(cells.left, 0);
    if (rejects(prediction)) cells.left = {std::string(kUnknownClass), ""};
    for (std::size_t k = first_on_the_right(); k < top_; ++k) add(cells.right, k);
    if (columns_.known) {
      cells.right.emplace_back(known_text(prediction));
      cells.right.push_back(fmt::format("{:.6f}", prediction.familiarity->unknown_score));
    }
    if (columns_.set) cells.right.push_back(fmt::format("{}", fmt::join(set_of(prediction), "|")));
    return cells;
  }

  void add_json(ordered_json& object, const Prediction& prediction) const override {
    const auto order = ranked(prediction.numbers);
    object["class"] = classes_[order[0]];
    object["probability"] = prediction.numbers[order[0]];
    if (rejects(prediction)) {
      object["class"] = kUnknownClass;
      object["probability"] = nullptr;
    }
    if (columns_.known) {
      object["known"] = known_text(prediction);
      object["unknown_score"] = prediction.familiarity->unknown_score;
    }
    if (columns_.set) object["set"] = set_of(prediction);
    object["top"] = ordered_json::array();
    for (std::size_t k = 0; k < top_; ++k) {
      object["top"].push_back(
          {{"class", classes_[order[k]]}, {"probability", prediction.numbers[order[k]]}});
    }
  }

  std::string text(const Prediction& prediction) const override {
    std::string text;
    const auto order = ranked(prediction.numbers);
    for (std::size_t k = 0; k < top_; ++k) {
      text += percentage(classes_[order[k]], prediction.numbers[order[k]]);
    }
    if (rejects(prediction)) {
      text = fmt::format("  {}", kUnknownClass);
    } else if (columns_.known && !prediction.familiarity->is_known) {
      text += "  known: no";
    }
    if (columns_.set) text += fmt::format("  {{{}}}", fmt::join(set_of(prediction), ", "));
    return text;
  }

 private:
  /// The columns in front have the likeliest class, unless `unknown` may stand in its place.
  std::size_t first_on_the_right() const { return columns_.rejects ? 0 : 1; }
  bool rejects(const Prediction& prediction) const {
    return columns_.rejects && !prediction.familiarity->is_known;
  }
  static const char* known_text(const Prediction& prediction) {
    return prediction.familiarity->is_known ? "yes" : "no";
  }
  /// The names in the image's conformal set.
  Names set_of(const Prediction& prediction) const {
    Names names;
    for (const std::size_t position : *prediction.set) names.push_back(classes_[position]);
    return names;
  }

  Names classes_;
  std::size_t top_;
  ClassColumns columns_;
};

class LabelFormat : public PredictionFormat {
 public:
  LabelFormat(Objective objective, Names labels, std::int64_t top)
      : objective_(std::move(objective)),
        labels_(std::move(labels)),
        top_(static_cast<std::size_t>(top)) {}

  PredictionCells csv_header() const override {
    PredictionCells cells{{"labels"}, {}};
    const Names columns = distinct_columns(labels_, {"path", "labels"}, "probability_");
    cells.left.insert(cells.left.end(), columns.begin(), columns.end());
    return cells;
  }

  PredictionCells csv_cells(const Prediction& prediction) const override {
    const Numbers& predictions = prediction.numbers;
    PredictionCells cells{{joined_labels(predictions, labels_, objective_)}, {}};
    for (const float p : predictions) cells.left.push_back(fmt::format("{:.6f}", p));
    return cells;
  }

  void add_json(ordered_json& object, const Prediction& prediction) const override {
    const Numbers& predictions = prediction.numbers;
    object["labels"] = ordered_json::array();
    object["probabilities"] = ordered_json::object();
    for (std::size_t c = 0; c < labels_.size(); ++c) {
      if (is_predicted(predictions, c)) object["labels"].push_back(labels_[c]);
      object["probabilities"][labels_[c]] = predictions[c];
    }
  }

  std::string text(const Prediction& prediction) const override {
    const Numbers& predictions = prediction.numbers;
    std::string text;
    const auto order = ranked(predictions);
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k >= top_ && !is_predicted(predictions, order[k])) continue;
      text += percentage(labels_[order[k]], predictions[order[k]]);
    }
    return text;
  }

 private:
  bool is_predicted(const Numbers& probabilities, std::size_t label) const {
    return probabilities[label] >= objective_.label_threshold(label);
  }

  Objective objective_;
  Names labels_;
  std::size_t top_;
};

class NumberFormat : public PredictionFormat {
 public:
  explicit NumberFormat(Names names) : names_(std::move(names)) {}

  PredictionCells csv_header() const override {
    return {distinct_columns(names_, {"path"}, "predicted_"), {}};
  }

  PredictionCells csv_cells(const Prediction& prediction) const override {
    PredictionCells cells;
    for (const float value : prediction.numbers) cells.left.push_back(fmt::format("{:.7g}", value));
    return cells;
  }

  void add_json(ordered_json& object, const Prediction& prediction) const override {
    const Numbers& predictions = prediction.numbers;
    for (std::size_t k = 0; k < names_.size(); ++k) object["values"][names_[k]] = predictions[k];
  }

  std::string text(const Prediction& prediction) const override {
    const Numbers& predictions = prediction.numbers;
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

std::unique_ptr<PredictionFormat> prediction_format(const Objective& objective,
                                                    const std::vector<std::string>& classes,
                                                    std::int64_t top, const ClassColumns& columns) {
  switch (objective.targets()) {
    case TargetKind::kClass: return std::make_unique<ClassFormat>(classes, top, columns);
    case TargetKind::kLabels: return std::make_unique<LabelFormat>(objective, classes, top);
    case TargetKind::kValues: break;
  }
  return std::make_unique<NumberFormat>(classes);
}

}  // namespace transfer
