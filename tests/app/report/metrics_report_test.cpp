#include "app/report/metrics_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> keys(const nlohmann::ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

/// Of three classes: four images, of which three are right, and all within two guesses.
ClassificationMetrics three_classes(std::int64_t k) {
  ClassificationMetrics metrics;
  metrics.images = 4;
  metrics.accuracy = 0.75;
  metrics.k = k;
  metrics.top_k_accuracy = 1;
  metrics.precision = {1, 0.5, 1};
  metrics.recall = {1, 1, 0.5};
  metrics.f1 = {1, 2.0 / 3, 2.0 / 3};
  metrics.support = {1, 1, 2};
  metrics.confusion_matrix = {{1, 0, 0}, {0, 1, 0}, {0, 1, 1}};
  return metrics;
}

TEST(MetricsReport, NamesClassesAsScikitLearnDoes) {
  const auto object = metrics_object(three_classes(2), {"a", "b", "c"});
  EXPECT_THAT(keys(object), ElementsAre("images", "loss", "accuracy", "top2_accuracy", "macro_f1",
                                        "per_class", "confusion_matrix"));
  EXPECT_THAT(keys(object["per_class"]["c"]), ElementsAre("precision", "recall", "f1", "support"));
  EXPECT_EQ(object["per_class"]["c"]["support"], 2);
  EXPECT_EQ(object["confusion_matrix"][2][1], 1);
}

TEST(MetricsReport, LeavesTopKOutWhereItSaysNothing) {
  for (const std::int64_t k : {1, 3}) {
    const Metrics metrics = three_classes(k);
    EXPECT_THAT(metrics_object(metrics, {"a", "b", "c"}).dump(), Not(HasSubstr("top"))) << k;
    EXPECT_THAT(metrics_text("test", metrics, {"a", "b", "c"}), Not(HasSubstr("top"))) << k;
  }
  EXPECT_THAT(metrics_text("test", three_classes(2), {"a", "b", "c"}), HasSubstr("top-2 100.00 %"));
}

TEST(MetricsReport, NamesLabelsAndTargets) {
  MultiLabelMetrics labels;
  labels.precision = labels.recall = labels.f1 = labels.average_precision = {0.5};
  labels.support = {7};
  labels.threshold = {0.375};
  const auto of_labels = metrics_object(labels, {"red"});
  EXPECT_THAT(keys(of_labels),
              ElementsAre("images", "loss", "mean_average_precision", "macro_f1", "per_label"));
  EXPECT_EQ(of_labels["per_label"]["red"]["support"], 7);
  EXPECT_EQ(of_labels["per_label"]["red"]["threshold"], 0.375);
  EXPECT_THAT(metrics_text("test", labels, {"red"}), HasSubstr("0.3750"));
  RegressionMetrics numbers;
  numbers.columns = {{0.5, 1, 2}, {0.7, 3, 4}};
  const auto of_numbers = metrics_object(numbers, {"grams", "units"});
  EXPECT_THAT(keys(of_numbers), ElementsAre("images", "loss", "r2", "mae", "rmse", "per_target"));
  EXPECT_EQ(of_numbers["per_target"]["units"]["rmse"], 4);
}

}  // namespace
}  // namespace transfer
