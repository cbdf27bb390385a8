#include "app/runs/data_record.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "tests/app/tiny_network.h"
#include "tests/datasets/temporary_folder.h"

namespace transfer {
namespace {

using testing::HasSubstr;

/// A run on class folders, whose images need not exist.
class DataRecord : public testing::Test {
 protected:
  DataRecord() : run_(RunDirectory::create(config())) { write_data_record(preparation(), run_); }

  Config config() const {
    Config config;
    config.strategy = "fine-tune";
    config.data.path = folder_ / "data";
    config.out = folder_ / "run";
    return config;
  }

  std::vector<Sample> samples(const std::string& split, const std::vector<std::string>& classes,
                              int count) const {
    std::vector<Sample> samples;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      for (int i = 0; i < count; ++i) {
        samples.push_back(
            {folder_ / ("data/" + split + "/" + classes[c] + "/" + std::to_string(i) + ".png"),
             static_cast<std::int64_t>(c)});
      }
    }
    return samples;
  }

  Preparation preparation(const std::vector<std::string>& classes = {"blue", "red"}) const {
    std::filesystem::create_directories(folder_ / "data");
    Dataset dataset;
    dataset.classes = classes;
    dataset.train = samples("train", classes, 4);
    dataset.val = samples("val", classes, 2);
    dataset.test = samples("test", classes, 1);
    return {config(), torch::kCPU, 1, fixture_backbone("tiny.pt"), dataset, single_process()};
  }

  std::string refusal(const Preparation& p) const {
    return message_of<DataError>([&] { require_same_data(p, run_); });
  }

  TemporaryFolder folder_;
  RunDirectory run_;
};

TEST_F(DataRecord, AnotherBackboneOfTheSameNameIsRefused) {
  Preparation p = preparation();
  p.backbone = fixture_backbone("tiny_traced.pt");
  EXPECT_THAT(refusal(p), testing::AllOf(HasSubstr("tiny_traced.pt"), HasSubstr("SHA-256"),
                                         HasSubstr("Put the file back"), HasSubstr("--output")));
}

TEST_F(DataRecord, AnImageOfOtherContentIsRefused) {
  folder_.write("data/val/red/1.png", "other bytes");
  EXPECT_THAT(refusal(preparation()),
              testing::AllOf(HasSubstr("1 with other content"), HasSubstr("val/red/1.png")));
}

TEST_F(DataRecord, TheSameDataPassFromAnyFolder) {
  EXPECT_NO_THROW(require_same_data(preparation(), run_));
  const auto before = std::filesystem::current_path();
  Preparation p = preparation();
  std::filesystem::current_path(folder_.path());
  p.config.data.path = "data";
  for (auto* split : {&p.dataset.train, &p.dataset.val, &p.dataset.test}) {
    for (Sample& sample : *split) {
      sample.path = std::filesystem::path(sample.path).lexically_relative(folder_.path());
    }
  }
  EXPECT_NO_THROW(require_same_data(p, run_));
  std::filesystem::current_path(before);
}

TEST_F(DataRecord, OtherClassesAreRefused) {
  for (const std::vector<std::string>& classes : {std::vector<std::string>{"apple", "blue"},
                                                  {"blue"},
                                                  {"blue", "green", "red"},
                                                  {"red", "blue"},
                                                  {"Blue", "red"}}) {
    const auto message = refusal(preparation(classes));
    expect_contains(message, {"classes have changed since the run began: blue, red; now ",
                              classes.front(), "config.yaml --output", "run-2"});
  }
}

TEST_F(DataRecord, OtherTrainingOrValidationImagesAreNamed) {
  Preparation added = preparation();
  added.dataset.train.push_back({folder_ / "data/train/red/new.png", 1});
  expect_contains(refusal(added), {"train: 8 images, now 9, 1 added (train/red/new.png)"});
  Preparation removed = preparation();
  removed.dataset.val.pop_back();
  expect_contains(refusal(removed), {"val: 4 images, now 3, 1 removed (val/red/1.png)"});
  Preparation moved = preparation();
  moved.dataset.val.push_back(moved.dataset.train.back());
  moved.dataset.train.pop_back();
  expect_contains(refusal(moved), {"train: 8 images, now 7, 1 removed (train/red/3.png)",
                                   "val: 4 images, now 5, 1 added (train/red/3.png)"});
  Preparation relabelled = preparation();
  relabelled.dataset.train[0].label = 1;
  expect_contains(refusal(relabelled), {"1 with another label (train/blue/0.png: blue, now red)"});
  Preparation reordered = preparation();
  std::swap(reordered.dataset.train[0], reordered.dataset.train[5]);
  expect_contains(refusal(reordered), {"the same images in another order"});
}

TEST_F(DataRecord, FiveOfManyAreNamed) {
  Preparation p = preparation();
  for (int i = 0; i < 12; ++i) {
    p.dataset.train.push_back({folder_ / ("data/train/blue/x" + std::to_string(i) + ".png"), 0});
  }
  const auto message = refusal(p);
  expect_contains(message, {"12 added (", "train/blue/x4.png, …)"});
  EXPECT_EQ(message.find("x5.png"), std::string::npos) << message;
}

TEST_F(DataRecord, OtherTestImagesAndVersionsAreWarnedOf) {
  Preparation p = preparation();
  p.dataset.test.pop_back();
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(require_same_data(p, run_));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("test images have changed"));
  const auto file = run_.file(run_file::kData);
  auto record = nlohmann::ordered_json::parse(read_file(file));
  record["versions"]["libtorch"] = "1.0.0";
  write_file_atomically(file, record.dump());
  testing::internal::CaptureStderr();
  EXPECT_NO_THROW(require_same_data(preparation(), run_));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("LibTorch 1.0.0"));
}

TEST_F(DataRecord, ADamagedRecordNamesItsRemedy) {
  const auto file = run_.file(run_file::kData);
  for (const char* text : {"{", "[]", "{\"classes\": 3}"}) {
    write_file_atomically(file, text);
    expect_contains(refusal(preparation()), {"data.json", "is damaged", "Remove it"});
  }
  std::filesystem::remove(file);
  EXPECT_NO_THROW(require_same_data(preparation(), run_)) << "removed, as the message says";
}

}  // namespace
}  // namespace transfer
