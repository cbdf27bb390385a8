#include "app/features/test_time_views.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "app/report/prediction_rows.h"
#include "core/errors.h"
#include "core/test_time_views.h"
#include "models/classifier.h"

namespace transfer {
namespace {

std::string views_refusal(const std::string& text) {
  try {
    parse_test_time_views(text, "train.tta");
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(TestTimeViews, AreNoneFlipOrANumber) {
  EXPECT_EQ(parse_test_time_views("none", "x"), 1);
  EXPECT_EQ(parse_test_time_views("flip", "x"), 2);
  EXPECT_EQ(parse_test_time_views("2", "x"), 2);
  EXPECT_EQ(parse_test_time_views("10", "x"), kMostTestTimeViews);
  for (const std::string wrong : {"1", "11", "0", "-2", "", "flip ", "2.5", "5x", "on"}) {
    const std::string message = views_refusal(wrong);
    const std::vector<std::string> parts = {"train.tta", "'" + wrong + "'", "none, flip",
                                            "2 to 10"};
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << wrong << ": " << message;
    }
  }
}

TEST(TestTimeViews, TheFirstIsTheImageAndTheSecondItsMirrorImage) {
  const auto images = torch::rand({2, 3, 16, 24});
  EXPECT_TRUE(torch::equal(test_time_view(images, 0), images));
  EXPECT_TRUE(torch::equal(test_time_view(images, 1), images.flip({3})));
}

TEST(TestTimeViews, OthersAreEnlargedPartsOfSevenEighths) {
  // Red is the row, green the column: a part shows where it was taken from.
  const auto rows = torch::arange(16, torch::kFloat32).view({1, 1, 16, 1}).expand({1, 1, 16, 24});
  const auto columns =
      torch::arange(24, torch::kFloat32).view({1, 1, 1, 24}).expand({1, 1, 16, 24});
  const auto image = torch::cat({rows, columns}, 1);
  // Part of 14 rows and 21 columns: the room is 2 rows and 3 columns.
  const std::vector<std::tuple<std::int64_t, float, float, bool>> expected = {
      {2, 1, 1, false}, {3, 0, 0, false}, {4, 2, 3, false}, {5, 0, 3, false},
      {6, 2, 0, false}, {7, 1, 1, true},  {8, 0, 0, true},  {9, 2, 3, true}};
  for (const auto& [view, top, left, is_mirrored] : expected) {
    auto seen = test_time_view(image, view);
    ASSERT_EQ(seen.sizes(), image.sizes());
    if (is_mirrored) seen = seen.flip({3});
    EXPECT_NEAR(seen[0][0].min().item<float>(), top, 1e-5) << view;
    EXPECT_NEAR(seen[0][0].max().item<float>(), top + 13, 1e-5) << view;
    EXPECT_NEAR(seen[0][1].min().item<float>(), left, 1e-5) << view;
    EXPECT_NEAR(seen[0][1].max().item<float>(), left + 20, 1e-5) << view;
  }
  EXPECT_EQ(test_time_view(torch::rand({1, 1, 1, 1}), 9).numel(), 1) << "the smallest image";
}

TEST(MeanOfViews, IsOfProbabilitiesOrNumbers) {
  const auto one = torch::tensor({{2.0F, -1.0F, 0.5F}, {0.0F, 80.0F, 0.0F}});
  const auto other = torch::tensor({{-1.0F, 3.0F, 0.0F}, {0.0F, 90.0F, -90.0F}});
  for (const auto kind : {TargetKind::kClass, TargetKind::kLabels, TargetKind::kValues}) {
    MeanOfViews mean(kind);
    mean.add(one);
    EXPECT_TRUE(torch::equal(mean.outputs(), one)) << "one view is as it is";
    mean.add(other);
    EXPECT_EQ(mean.outputs().scalar_type(), torch::kFloat32);
    const auto expected = (predictions_of(one.to(torch::kFloat64), kind) +
                           predictions_of(other.to(torch::kFloat64), kind)) /
                          2;
    const auto found = predictions_of(mean.outputs().to(torch::kFloat64), kind);
    EXPECT_TRUE(torch::allclose(found, expected, 1e-5, 1e-7)) << expected << found;
    EXPECT_TRUE(mean.outputs().isfinite().all().item<bool>());
  }
}

TEST(MeanOfViews, IsTakenOverAsManyViewsAsAskedFor) {
  const auto images = torch::rand({3, 3, 8, 8});
  std::vector<torch::Tensor> seen;
  const auto outputs = outputs_of_views(images, 4, TargetKind::kValues, [&](const auto& view) {
    seen.push_back(view);
    return view.mean({2, 3});
  });
  ASSERT_EQ(seen.size(), 4U);
  for (std::int64_t view = 0; view < 4; ++view) {
    EXPECT_TRUE(torch::equal(seen[static_cast<std::size_t>(view)], test_time_view(images, view)));
  }
  EXPECT_TRUE(torch::allclose(outputs, (seen[0] + seen[1] + seen[2] + seen[3]).mean({2, 3}) / 4,
                              1e-4, 1e-5));
}

TEST(PredictionRows, SetsAreMadeOfTheImagesOwnLogits) {
  // Two classes, the score of known images, and the image's own logits.
  const auto rows = torch::tensor({{0.25F, 0.75F, 0.5F, 0.9F, 0.1F}});
  const auto logs =
      torch::cat({rows.narrow(1, 0, 2).log(), rows.narrow(1, 2, 1), rows.narrow(1, 3, 2).log()}, 1);
  RowReading reading{TargetKind::kClass, 0.6, 0.3, true};
  const auto found = predictions_in({0, logs, {}}, {{"a.png", 0}}, reading).front();
  EXPECT_NEAR(found.numbers.at(1), 0.75, 1e-6);
  EXPECT_TRUE(found.familiarity->is_known);
  EXPECT_EQ(*found.set, std::vector<std::size_t>{0}) << "0.9 falls short of 1 by less than 0.3";
  reading.has_own_logits = false;
  const auto plain = predictions_in({0, logs.narrow(1, 0, 3), {}}, {{"a.png", 0}}, reading).front();
  EXPECT_EQ(*plain.set, std::vector<std::size_t>{1}) << "0.75 does";
}

}  // namespace
}  // namespace transfer
