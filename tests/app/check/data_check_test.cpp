#include <gmock/gmock.h>
#include <torch/torch.h>

#include "app/check/copy_findings.h"
#include "app/check/data_fixes.h"
#include "app/check/image_findings.h"
#include "app/check/label_errors.h"
#include "app/check/shortcuts.h"
#include "core/random.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

TEST(ConfidentClasses, AreTheOffDiagonalOfTheConfidentJoint) {
  // The thresholds are the mean self-confidences: (0.9 + 0.6 + 0.2) / 3 and (0.8 + 0.9) / 2.
  const auto probabilities =
      torch::tensor({{0.9F, 0.1F}, {0.6F, 0.4F}, {0.2F, 0.8F}, {0.2F, 0.8F}, {0.1F, 0.9F}});
  const auto labels = torch::tensor({0, 0, 0, 1, 1}, torch::kInt64);
  EXPECT_TRUE(confident_classes(probabilities, labels).eq(-1).all().item<bool>())
      << "0.8 is below the mean of class 1";
  auto surer = probabilities.clone();
  surer[2][0] = 0.05F;
  surer[2][1] = 0.95F;
  const auto found = confident_classes(surer, labels);
  EXPECT_EQ(found[2].item<std::int64_t>(), 1);
  EXPECT_EQ(found.ne(-1).sum().item<std::int64_t>(), 1);
}

FeatureSet clusters(const torch::Tensor& labels, std::int64_t classes) {
  torch::manual_seed(1);
  const auto features =
      torch::randn({labels.size(0), 32}) + 3 * torch::randn({classes, 32}).index_select(0, labels);
  FeatureSet set;
  set.views.push_back(FeatureTable::in_memory(features.size(0), features.size(1)));
  set.views.back().write(0, features);
  set.labels = labels.clone();
  set.samples.resize(static_cast<std::size_t>(labels.size(0)));
  return set;
}

TEST(LabelErrors, PlantedFlipsAreFoundWithTheClassTheyShow) {
  const auto truth = torch::arange(300).remainder(3);
  FeatureSet set = clusters(truth, 3);
  for (std::int64_t i = 0; i < 300; i += 20) set.labels[i] = (truth[i] + 1) % 3;
  set.labels[7] = -1;  // broken
  const HeadProblem problem = head_problem({}, 3, torch::kCPU, set, set);
  const auto found = label_errors(problem);
  EXPECT_EQ(found.size(), 15U);
  for (const Finding& finding : found) {
    EXPECT_EQ(finding.image % 20, 0U);
    EXPECT_EQ(finding.suggested, static_cast<std::int64_t>(finding.image % 3));
    EXPECT_GT(finding.score, 0.5);
  }
}

TEST(LabelErrors, FewImagesSayNothing) {
  const FeatureSet set = clusters(torch::arange(12).remainder(2), 2);
  EXPECT_TRUE(label_errors(head_problem({}, 2, torch::kCPU, set, set)).empty());
}

ListedData listed(std::size_t count) {
  ListedData data;
  data.classes = {"a", "b"};
  for (std::size_t i = 0; i < count; ++i) {
    data.samples.push_back({"d/" + std::to_string(i), static_cast<std::int64_t>(i % 2)});
  }
  data.splits.resize(count, "train");
  data.groups.resize(count);
  return data;
}

TEST(CopyFindings, SayWhichImagesLeakAndWhichHaveTwoLabels) {
  ListedData data = listed(6);
  data.splits[3] = "val";
  data.samples[1].copy_group = data.samples[3].copy_group = 0;  // exact, of one label
  const auto found = copy_findings(data, {{0, 5, 4, 0.97}, {1, 3, 0, 1.0}});
  std::vector<std::tuple<Fault, std::size_t, std::size_t>> list;
  for (const Finding& finding : found) {
    list.emplace_back(finding.fault, finding.image, finding.other.value());
  }
  EXPECT_THAT(list, testing::UnorderedElementsAre(std::tuple(Fault::kExactDuplicate, 3, 1),
                                                  std::tuple(Fault::kLeak, 3, 1),
                                                  std::tuple(Fault::kNearDuplicate, 5, 0),
                                                  std::tuple(Fault::kTwoLabels, 5, 0)));
}

TEST(ImageFindings, TheCropIsThatOfTheNetwork) {
  ImageScan scan;
  scan.width = 512;
  scan.height = 256;
  Preprocessing p;  // 224 × 224 out of a shorter side of 256
  EXPECT_NEAR(share_cut_off(scan, p), 1 - 224.0 * 224 / (512 * 256), 1e-9);
  p.resize_rule = ResizeRule::kPad;
  EXPECT_EQ(share_cut_off(scan, p), 0);
}

TEST(Shortcuts, ASizeThatTellsTheClassIsSuspicious) {
  ListedData data = listed(120);
  Random random(1);
  std::vector<ImageScan> scans(120);
  for (std::size_t i = 0; i < scans.size(); ++i) {
    scans[i].format = "JPEG";
    scans[i].width = i % 2 == 0 ? 640 : 500;
    scans[i].height = 480;
    for (double& channel : scans[i].colour) channel = random.uniform();
  }
  const auto found = find_shortcuts(data, scans);
  ASSERT_EQ(found.size(), 2U) << "format and camera are the same in all";
  EXPECT_EQ(found[0].name, "size");
  EXPECT_GT(found[0].accuracy, 0.99);
  EXPECT_EQ(found[0].chance, 0.5);
  EXPECT_TRUE(found[0].is_suspicious());
  EXPECT_EQ(found[1].name, "colour");
  EXPECT_FALSE(found[1].is_suspicious()) << found[1].accuracy;
}

TEST(DataFixes, RowsAreCheckedBeforeAnythingIsDone) {
  const TemporaryFolder folder;
  const ListedData data = listed(6);
  const auto read = [&](const std::string& rows) {
    return read_fixes(folder.write("fixes.csv", "path,action,label\n" + rows), data,
                      TargetKind::kClass, "d");
  };
  const DataFixes fixes = read("d/0,drop,\n./d/1,relabel,a\nd/2,keep,\n");
  EXPECT_TRUE(fixes.is_dropped[0]);
  EXPECT_EQ(fixes.labels[1], "a");
  EXPECT_EQ(fixes.dropped, 1);
  EXPECT_EQ(fixes.relabelled, 1);
  const auto error = [&](const std::string& rows) {
    return message_of<DataError>([&] { read(rows); });
  };
  expect_contains(error("d/9,drop,\n"), {"fixes.csv:2", "d/9 is no image of d"});
  expect_contains(error("d/1,remove,\n"), {"unknown action 'remove'"});
  expect_contains(error("d/1,relabel,c\n"), {"class 'c' is unknown"});
  expect_contains(error("d/1,relabel,\n"), {"needs a class"});
  expect_contains(error("d/1,drop,\nd/1,keep,\n"), {"another action in line 2"});
}

}  // namespace
}  // namespace transfer
