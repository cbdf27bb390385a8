#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "app/report/confusion_picture.h"
#include "app/report/drawing.h"
#include "app/report/epoch_curves.h"
#include "app/report/image_sheet.h"
#include "app/report/run_pictures.h"
#include "core/atomic_file.h"
#include "core/errors.h"
#include "datasets/decode.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::ElementsAre;
using Names = std::vector<std::string>;
using Counts = std::vector<std::vector<std::int64_t>>;

cv::Mat picture_at(const std::string& file) { return decode_image(read_file(file), file); }

/// Whether any pixel has this colour.
bool shows(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat found;
  cv::inRange(picture, colour, colour, found);
  return cv::countNonZero(found) > 0;
}

TEST(Drawing, NamesAreAsciiOrNumbers) {
  EXPECT_THAT(drawing::drawable_names({"Käfer", "Straße", "猫", "cat"}),
              ElementsAre("Kafer", "Strasse", "#2", "cat"));
  EXPECT_THAT(drawing::drawable_names({"Café", "Cafe"}), ElementsAre("#0", "#1"))
      << "they would look the same";
  EXPECT_EQ(drawing::legend_of_numbers({"Kafer", "cat"}), "");
  EXPECT_NE(drawing::legend_of_numbers({"Kafer", "#1"}), "");
  EXPECT_EQ(drawing::ascii_text("R²"), "R2");
}

TEST(Drawing, LongTextsAreCutWhereTheyTellLeast) {
  const std::string name(60, 'x');
  const std::string cut = drawing::fitting_text("a" + name + "b", 100);
  EXPECT_LE(drawing::text_width(cut), 100);
  EXPECT_TRUE(cut.starts_with("ax") && cut.ends_with("x..")) << cut;
  const std::string file = drawing::fitting_text("a" + name + ".png", 100, /*keeps_end=*/true);
  EXPECT_TRUE(file.starts_with("ax") && file.ends_with(".png")) << file;
  EXPECT_EQ(drawing::fitting_text("short", 100), "short");
}

TEST(ConfusionPicture, EveryNumberOfClassesFits) {
  TemporaryFolder folder;
  for (const std::size_t classes : {1, 2, 12, 100, 700}) {
    Counts counts(classes, std::vector<std::int64_t>(classes, 0));
    Names names;
    for (std::size_t i = 0; i < classes; ++i) {
      counts[i][i] = 7;
      names.push_back("class " + std::to_string(i));
    }
    if (classes > 1) counts[0][1] = 2;
    write_confusion_picture(counts, names, "title", folder / "m.png");
    const cv::Mat picture = picture_at(folder / "m.png");
    EXPECT_LT(picture.cols, 1800) << classes;
    EXPECT_GE(picture.cols, static_cast<int>(classes)) << classes;
    EXPECT_TRUE(shows(picture, drawing::kBlue)) << classes << ": right";
  }
}

TEST(EpochCurves, ShowTrainingAndValidation) {
  TemporaryFolder folder;
  write_epoch_curves(
      "{\"epoch\":1,\"train_loss\":1,\"val_loss\":1.5,\"val_accuracy\":0.5}\n"
      "{\"epoch\":2,\"train_loss\":0.5,\"val_loss\":null,\"val_accuracy\":0.75}\n"
      "{\"epoch\":3,\"train_loss\":0.25,\"val_loss\":1.25,\"val_accuracy\":0.75}\n",
      2, folder / "c.png");
  const cv::Mat picture = picture_at(folder / "c.png");
  for (const auto& colour : {drawing::kBlue, drawing::kOrange, drawing::kGreen}) {
    EXPECT_TRUE(shows(picture, colour));
  }
  EXPECT_NO_THROW(write_epoch_curves("", 0, folder / "c.png")) << "a blank one";
  EXPECT_NO_THROW(
      write_epoch_curves("{\"epoch\":1,\"train_loss\":0,\"val_loss\":0}\n", 1, folder / "c.png"));
}

TEST(ImageSheet, AnImageThatHasGoneIsAGreyField) {
  TemporaryFolder folder;
  Preprocessing preprocessing;
  write_image_sheet("title",
                    {{{folder / "none.png"}, "none.png", {"true: a"}, SheetImage::Mark::kWrong}},
                    "", preprocessing, folder / "s.png");
  const cv::Mat picture = picture_at(folder / "s.png");
  EXPECT_TRUE(shows(picture, drawing::kLightGrey));
  EXPECT_TRUE(shows(picture, drawing::kRed));
}

TEST(RunPictures, EachKindOfTargetHasALossForEachImage) {
  Truth classes{torch::tensor({1, -1}, torch::kInt64)};
  const auto of_classes =
      loss_of_each(classes, torch::tensor({{0.25, 0.75}, {0.5, 0.5}}).log(), TargetKind::kClass);
  EXPECT_NEAR(of_classes[0].item<float>(), -std::log(0.75), 1e-6);
  Truth labels{torch::zeros({1}, torch::kInt64), torch::tensor({{1.0F, 0.0F}})};
  EXPECT_NEAR(loss_of_each(labels, torch::zeros({1, 2}), TargetKind::kLabels)[0].item<float>(),
              2 * std::log(2), 1e-6);
  Truth numbers{torch::zeros({2}, torch::kInt64), torch::tensor({{0.0F, 5.0F}, {4.0F, 5.0F}})};
  const auto of_numbers =
      loss_of_each(numbers, torch::tensor({{2.0F, 5.0F}, {4.0F, 5.0F}}), TargetKind::kValues);
  EXPECT_NEAR(of_numbers[0].item<float>(), 0.5, 1e-6) << "one deviation in one of two targets";
  EXPECT_EQ(of_numbers[1].item<float>(), 0);
}

}  // namespace
}  // namespace transfer
