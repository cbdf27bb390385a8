#include "app/report/column_names.h"

#include <gmock/gmock.h>

#include "app/report/prediction_format.h"
#include "app/report/prediction_table.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using Names = std::vector<std::string>;

TEST(ColumnNames, TakenNamesGetAPrefixUntilTheyAreFree) {
  EXPECT_THAT(distinct_columns({"a", "b"}, {"path"}, "p_"), ElementsAre("a", "b"));
  EXPECT_THAT(distinct_columns({"path", "p_path", "b"}, {"path"}, "p_"),
              ElementsAre("p_p_path", "p_path", "b"));
}

TEST(ColumnNames, PredictionsDoNotHideThePathOrTheError) {
  const auto numbers =
      prediction_format({LossKind::kMeanSquaredError}, {"error", "path", "label"}, 1);
  EXPECT_THAT(numbers->csv_header().left, ElementsAre("error", "predicted_path", "label"));
  EXPECT_EQ(error_column(numbers->csv_header()), "image_error");
  EXPECT_EQ(error_column({{"x"}, {}}), "error");
  EXPECT_EQ(error_column({{"error", "image_error"}, {}}), "image_image_error");
  const auto labels = prediction_format({LossKind::kBinaryCrossEntropy}, {"error", "labels"}, 1);
  EXPECT_THAT(labels->csv_header().left, ElementsAre("labels", "error", "probability_labels"));
}

std::string table_header(LossKind loss, const Names& names) {
  Objective objective;
  objective.loss = loss;
  const Truth truth{torch::empty({0}, torch::kInt64)};
  const auto width = static_cast<std::int64_t>(names.size());
  return prediction_table(objective, {}, truth, torch::empty({0, width}), names);
}

TEST(ColumnNames, TablesOfAValidationSplitHaveDistinctColumns) {
  EXPECT_EQ(table_header(LossKind::kCrossEntropy, {"cat", "label", "class"}),
            "path,true,predicted,correct,confidence,p:cat,p:label,p:class\n");
  EXPECT_EQ(table_header(LossKind::kBinaryCrossEntropy, {"path", "predicted"}),
            "path,true,predicted,correct,confidence,p:path,p:predicted\n");
  EXPECT_EQ(table_header(LossKind::kMeanSquaredError, {"path", "x", "predicted_x"}),
            "path,true:path,true:x,true:predicted_x,predicted:path,predicted:x,"
            "predicted:predicted_x,error:path,error:x,error:predicted_x\n");
}

}  // namespace
}  // namespace transfer
