#include "app/report/html_report.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "app/report/augmentation_examples.h"
#include "app/report/report_images.h"
#include "core/atomic_file.h"
#include "datasets/png_writer.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Images of a split with what a model says of them; owns everything that ShownSplit refers to.
struct MadeSplit {
  std::vector<Sample> samples;
  Truth truth;
  torch::Tensor outputs;
  Metrics metrics;
  std::vector<std::string> classes;
  Objective objective;

  ShownSplit shown() const {
    return {samples, truth, outputs, metrics, classes, objective, Preprocessing{}};
  }
};

class HtmlReport : public testing::Test {
 protected:
  Sample image(const std::string& name) {
    write_png(cv::Mat(20, 30, CV_8UC3, cv::Scalar(10, 200, 30)), folder_ / name);
    return {folder_ / name};
  }

  /// Four images: two right, one wrong, one broken.
  MadeSplit classes(const std::vector<std::string>& names = {"ant", "bee"}) {
    MadeSplit made;
    made.classes = names;
    for (int i = 0; i < 4; ++i) {
      made.samples.push_back(image("image " + std::to_string(i) + ".png"));
      made.samples.back().label = i % 2;
    }
    made.truth.labels = torch::tensor({0, 1, 0, -1}, torch::kInt64);
    made.outputs = torch::tensor({{3.0F, 0.0F}, {0.0F, 1.0F}, {0.0F, 5.0F}, {0.0F, 0.0F}});
    made.metrics = measure(made.objective, made.outputs, made.truth, {.k = 1, .auroc = true});
    return made;
  }

  TemporaryFolder folder_;
};

ReportContents contents_with(const MadeSplit& split) {
  ReportContents contents;
  contents.title = "report";
  contents.splits.push_back({"validation", split.shown()});
  contents.findings = ordered_json::object();
  return contents;
}

TEST_F(HtmlReport, OfClassesHasScoresChartsAndTheImagesBehindThem) {
  const MadeSplit split = classes();
  const ordered_json data = report_data(contents_with(split));
  EXPECT_EQ(data["task"], "classes");
  const auto& accuracy = data["scores"][0]["rows"][0];
  EXPECT_EQ(accuracy["key"], "accuracy");
  EXPECT_NEAR(accuracy["value"].get<double>(), 2.0 / 3, 1e-9);
  EXPECT_EQ(accuracy["method"], "wilson");
  EXPECT_NEAR(accuracy["low"].get<double>(), 0.2077, 1e-4);
  EXPECT_EQ(data["charts"]["confusion"], ordered_json::parse("[[0,0,1],[0,1,1],[1,1,1]]"));
  EXPECT_EQ(data["charts"]["curves"].size(), 2U);
  const auto& pictures = data["pictures"];
  EXPECT_EQ(pictures["counted"], 3) << "the broken one does not count";
  EXPECT_EQ(pictures["left_out"], 0);
  ASSERT_EQ(pictures["top"].size(), 1U);
  const auto& worst = pictures["images"][pictures["top"][0].get<std::size_t>()];
  EXPECT_THAT(worst["path"].get<std::string>(), HasSubstr("image 2.png"));
  EXPECT_EQ(worst["true"], "ant");
  EXPECT_EQ(worst["predicted"], "bee");
  EXPECT_EQ(worst["right"], false);
  EXPECT_NEAR(worst["confidence"].get<double>(), 1 / (1 + std::exp(-5.0)), 1e-5);
  EXPECT_THAT(worst["thumbnail"].get<std::string>(), HasSubstr("data:image/jpeg;base64,/9j/"));
  EXPECT_EQ(pictures["cells"][0], ordered_json::parse(R"({"truth":0,"predicted":1,"images":[0]})"));
}

TEST_F(HtmlReport, ShowsWhatIsGoneAsUnreadableAndWhatIsGivenBeside) {
  MadeSplit split = classes();
  split.samples[2].path = folder_ / "gone.png";
  ReportContents contents = contents_with(split);
  EXPECT_THAT(images_of_highest_loss(split.shown()), ElementsAre(2));
  contents.extras.overlays[2] = "JPEG";
  contents.extras.nearest[2] = {{split.samples[0], "ant", 0.75}};
  contents.extras.calibration = {0.2, 0.1, 1.5};
  const ordered_json data = report_data(contents);
  const auto& worst = data["pictures"]["images"][0];
  EXPECT_TRUE(worst["thumbnail"].is_null());
  EXPECT_EQ(worst["overlay"], "data:image/jpeg;base64,SlBFRw==");
  EXPECT_EQ(worst["nearest"][0]["similarity"], 0.75);
  EXPECT_EQ(data["calibration"]["after"], 0.1);
}

TEST_F(HtmlReport, OfLabelsHasTheImagesOfEachMistake) {
  MadeSplit split;
  split.classes = {"red", "blue"};
  split.objective.loss = LossKind::kBinaryCrossEntropy;
  split.samples = {image("a.png"), image("b.png")};
  split.samples[0].targets = {1, 0};
  split.samples[1].targets = {0, 1};
  split.truth = truth_of(split.samples);
  split.outputs = torch::tensor({{-1.0F, -2.0F}, {3.0F, 4.0F}});
  split.metrics = measure(split.objective, split.outputs, split.truth, {.auroc = true});
  const ordered_json data = report_data(contents_with(split));
  EXPECT_EQ(data["task"], "labels");
  const auto& red = data["pictures"]["labels"][0];
  EXPECT_EQ(red["missed"].size(), 1U);
  EXPECT_EQ(red["added"].size(), 1U);
  EXPECT_EQ(data["pictures"]["labels"][1], ordered_json::parse(R"({"missed":[],"added":[]})"));
  EXPECT_EQ(data["pictures"]["images"][red["missed"][0].get<std::size_t>()]["predicted"], "");
  EXPECT_EQ(data["charts"]["curves"].size(), 2U);
  EXPECT_EQ(data["charts"]["per_class"]["threshold"], ordered_json::parse("[0.5,0.5]"));
}

TEST_F(HtmlReport, OfLabelsUsesTheirThresholds) {
  MadeSplit split;
  split.classes = {"red", "blue"};
  split.objective = {.loss = LossKind::kBinaryCrossEntropy, .label_thresholds = {0.25F, 0.99F}};
  split.samples = {image("a.png"), image("b.png")};
  split.samples[0].targets = {1, 0};
  split.samples[1].targets = {0, 1};
  split.truth = truth_of(split.samples);
  split.outputs = torch::tensor({{-1.0F, -2.0F}, {3.0F, 4.0F}});
  split.metrics = measure(split.objective, split.outputs, split.truth, {.auroc = true});
  const ordered_json data = report_data(contents_with(split));
  const auto& labels = data["pictures"]["labels"];
  EXPECT_EQ(labels[0]["missed"].size(), 0U) << "0.27 is enough";
  EXPECT_EQ(labels[0]["added"].size(), 1U);
  EXPECT_EQ(labels[1]["missed"].size(), 1U) << "0.98 is not";
}

TEST_F(HtmlReport, OfNumbersHasPredictedAgainstTrue) {
  MadeSplit split;
  split.classes = {"weight"};
  split.objective.loss = LossKind::kMeanSquaredError;
  split.samples = {image("a.png"), image("b.png"), image("c.png")};
  for (std::size_t i = 0; i < 3; ++i) split.samples[i].targets = {static_cast<float>(i)};
  split.truth = truth_of(split.samples);
  split.outputs = torch::tensor({{0.5F}, {1.0F}, {4.0F}});
  split.metrics = measure(split.objective, split.outputs, split.truth, {});
  const ordered_json data = report_data(contents_with(split));
  EXPECT_EQ(data["charts"]["scatter"][0]["points"], ordered_json::parse("[[0,0.5],[1,1],[2,4]]"));
  EXPECT_FALSE(data["charts"].contains("reliability"));
  const auto& images = data["pictures"]["images"];
  EXPECT_EQ(images[data["pictures"]["top"][0].get<std::size_t>()]["predicted"], "weight 4");
  EXPECT_FALSE(images[0].contains("right"));
}

TEST_F(HtmlReport, ThePageHoldsNamesAsTextAndStaysSmall) {
  const MadeSplit split = classes({"<script>alert(1)</script>", "\xff\"ё猫"});
  write_html_report(contents_with(split), folder_ / "report.html");
  const std::string page = read_file(folder_ / "report.html");
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, HasSubstr(R"(\u003cscript>alert(1)\u003c/script>)"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
  EXPECT_LT(page.size(), 400'000U);
}

TEST_F(HtmlReport, LeavesOutImagesThatHaveNoRoom) {
  MadeSplit split;
  for (int c = 0; c < 500; ++c) split.classes.push_back("class " + std::to_string(c));
  const Sample one = image("one.png");
  for (int c = 0; c < 500; ++c) {
    split.samples.push_back(one);
    split.samples.back().label = c;
  }
  split.truth = truth_of(split.samples);
  split.outputs = torch::eye(500) * 5;
  split.metrics = measure(split.objective, split.outputs, split.truth, {});
  const ordered_json pictures = report_images(split.shown(), {});
  EXPECT_EQ(pictures["images"].size(), 400U);
  EXPECT_EQ(pictures["left_out"], 100);
}

TEST_F(HtmlReport, AugmentationIsShownWhereItChangesImages) {
  const std::vector<Sample> train = {image("a.png"), {folder_ / "gone.png"}};
  AugmentConfig config;
  Preprocessing preprocessing;
  EXPECT_TRUE(augmentation_examples(train, config, preprocessing, 0).empty());
  config.brightness = 1;
  config.brightness_factor = {0.2, 0.4};
  const ordered_json examples = augmentation_examples(train, config, preprocessing, 0);
  ASSERT_EQ(examples.size(), 1U);
  EXPECT_EQ(examples[0]["views"].size(), 4U);
}

}  // namespace
}  // namespace transfer
