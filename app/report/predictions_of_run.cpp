#include "app/report/predictions_of_run.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/split_text.h"

namespace transfer {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// Turns the rows of a table into tensors.
class PredictionReader {
 public:
  PredictionReader(const fs::path& file, const Names& classes, TargetKind kind)
      : file_(file), classes_(classes), kind_(kind) {
    for (std::size_t c = 0; c < classes.size(); ++c) {
      number_of_[classes[c]] = static_cast<std::int64_t>(c);
    }
  }

  void require_header(const std::vector<CsvRow>& rows) const {
    Names expected = {"path"};
    const auto add = [&](const char* prefix) {
      for (const auto& name : classes_) expected.push_back(prefix + name);
    };
    if (kind_ == TargetKind::kValues) {
      add("true:");
      add("predicted:");
      add("error:");
    } else {
      expected = {"path", "true", "predicted", "correct", "confidence"};
      add("p:");
    }
    if (rows.empty() || rows.front().fields != expected) {
      throw DataError(fmt::format(
          "{}: its columns are not those of the run's {} classes or targets, so that the file is "
          "not the one that the run wrote. Repeat the evaluation or leave the run out.",
          file_.string(), classes_.size()));
    }
  }

  void add(const CsvRow& row) {
    const std::size_t first = kind_ == TargetKind::kValues ? 1 + classes_.size() : 5;
    if (row.fields.size() < first + classes_.size()) throw broken(row, "has too few columns");
    for (std::size_t c = 0; c < classes_.size(); ++c) {
      const float value = number(row, row.fields[first + c]);
      if (kind_ != TargetKind::kValues && (value < 0 || value > 1)) {
        throw broken(row, fmt::format("has '{}' where a probability from 0 to 1 is expected",
                                      row.fields[first + c]));
      }
      predictions_.push_back(value);
    }
    add_truth(row);
  }

  ScoredImages take(std::size_t rows) {
    const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows),
                                             static_cast<std::int64_t>(classes_.size())};
    ScoredImages images{
        kind_, torch::tensor(predictions_).view(shape), {torch::tensor(labels_, torch::kInt64)}};
    if (kind_ != TargetKind::kClass) images.truth.targets = torch::tensor(targets_).view(shape);
    if (kind_ == TargetKind::kLabels) {
      images.predicted_labels = torch::tensor(predicted_).view(shape).ge(1);
    }
    return images;
  }

 private:
  void add_truth(const CsvRow& row) {
    if (kind_ == TargetKind::kClass) {
      labels_.push_back(class_number(row, row.fields[1]));
      return;
    }
    labels_.push_back(0);
    if (kind_ == TargetKind::kValues) {
      for (std::size_t c = 0; c < classes_.size(); ++c) {
        targets_.push_back(number(row, row.fields[1 + c]));
      }
      return;
    }
    add_labels(row, row.fields[1], targets_);
    add_labels(row, row.fields[2], predicted_);
  }

  /// Adds 1 for each class that the field names, 0 for the others.
  void add_labels(const CsvRow& row, const std::string& field, std::vector<float>& numbers) const {
    const std::size_t begin = numbers.size();
    numbers.resize(begin + classes_.size(), 0.0F);
    if (field.empty()) return;
    for (const std::string_view name : split_text(field, '|')) {
      numbers[begin + static_cast<std::size_t>(class_number(row, std::string(name)))] = 1;
    }
  }

  std::int64_t class_number(const CsvRow& row, const std::string& name) const {
    const auto found = number_of_.find(name);
    if (found == number_of_.end()) {
      throw broken(row, fmt::format("has the class '{}', which the run does not know", name));
    }
    return found->second;
  }

  float number(const CsvRow& row, const std::string& text) const {
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
      throw broken(row, fmt::format("has '{}' where a number is expected", text));
    }
    return value;
  }

  DataError broken(const CsvRow& row, const std::string& what) const {
    return DataError(fmt::format("{}: line {} {}. Repeat the run or leave it out.", file_.string(),
                                 row.line, what));
  }

  const fs::path& file_;
  const Names& classes_;
  TargetKind kind_;
  std::unordered_map<std::string, std::int64_t> number_of_;
  std::vector<float> predictions_;
  std::vector<float> targets_;
  std::vector<float> predicted_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

PredictionsOfRun read_predictions(const fs::path& file, const Names& classes, TargetKind kind,
                                  const fs::path& folder) {
  const auto rows = parse_csv(read_file(file), file.string());
  PredictionReader reader(file, classes, kind);
  reader.require_header(rows);
  PredictionsOfRun predictions;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    reader.add(rows[i]);
    predictions.paths.push_back((folder / rows[i].fields.front()).lexically_normal().string());
  }
  predictions.images = reader.take(rows.size() - 1);
  return predictions;
}

}  // namespace transfer
