#include "configs/batch.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "core/errors.h"
#include "tests/configs/config_message.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<BatchJob> read(const std::string& text) {
  const std::string file = testing::TempDir() + "/batch_test.yaml";
  std::ofstream(file) << text;
  return read_batch(file, kStrategies);
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> names_of(const std::vector<BatchJob>& jobs) {
  std::vector<std::string> names;
  names.reserve(jobs.size());
  for (const BatchJob& job : jobs) names.push_back(job.name);
  return names;
}

TEST(Batch, TheShapeOfTheIssue) {
  const auto jobs = read(
      "defaults: {strategy: freeze-conv, train: {epochs: 5}}\n"
      "jobs:\n"
      "  - {name: bees, data: {path: hymenoptera_data}}\n"
      "  - {name: steel, data: {path: steel}, matrix: {strategy: [freeze-conv, fine-tune],\n"
      "     seed: [1, 2]}}\n");
  EXPECT_THAT(
      names_of(jobs),
      ElementsAre("bees", "steel-strategy=freeze-conv-seed=1", "steel-strategy=freeze-conv-seed=2",
                  "steel-strategy=fine-tune-seed=1", "steel-strategy=fine-tune-seed=2"));
  EXPECT_EQ(jobs[0].group, "bees");
  EXPECT_EQ(jobs[3].group, "steel-strategy=fine-tune");
  EXPECT_EQ(jobs[3].group, jobs[4].group);
  EXPECT_EQ(jobs[0].config.data.path, "hymenoptera_data");
  EXPECT_EQ(jobs[4].config.seed, 2);
  EXPECT_EQ(jobs[4].config.strategy, "fine-tune");
  EXPECT_EQ(jobs[4].config.train.epochs, 5) << "defaults win over the strategy's preset";
  EXPECT_EQ(jobs[4].config.train.optimizer, Optimizer::kAdamW) << "the axis brings its preset";
  EXPECT_EQ(jobs[1].config.train.optimizer, Optimizer::kLbfgs);
}

TEST(Batch, AJobWinsOverDefaultsAndAnAxisOverBoth) {
  const auto jobs = read(
      "defaults: {seed: 9, train: {lr: 0.5}, matrix: {train: {momentum: [0.1]}, augment.views: "
      "[3]}}\n"
      "jobs:\n"
      "  - {name: a, train: {lr: 0.25}}\n"
      "  - {name: b, matrix: {seed: [4]}}\n");
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].name, "a-train.momentum=0.1-augment.views=3");
  EXPECT_EQ(jobs[0].config.seed, 9);
  EXPECT_EQ(jobs[0].config.train.lr, 0.25);
  EXPECT_EQ(jobs[0].config.train.momentum, 0.1);
  EXPECT_EQ(jobs[0].config.augment.views, 3);
  EXPECT_EQ(jobs[1].config.seed, 4);
  EXPECT_EQ(jobs[1].config.train.lr, 0.5);
}

TEST(Batch, SeedsAndFoldsRepeatAGroup) {
  const auto jobs = read("jobs: [{name: a, matrix: {seeds: 2, folds: 3}}]");
  ASSERT_EQ(jobs.size(), 6U);
  EXPECT_EQ(jobs[5].name, "a-seed=2-data.fold=3");
  EXPECT_EQ(jobs[5].config.data.folds, 3);
  EXPECT_EQ(jobs[5].config.data.fold, 3);
  EXPECT_EQ(jobs[5].config.seed, 2);
  EXPECT_EQ(std::set<std::string>({"a"}), [&] {
    std::set<std::string> groups;
    for (const auto& job : jobs) groups.insert(job.group);
    return groups;
  }());
}

TEST(Batch, ValuesBecomeSafePartsOfANameAndKeepTheirMeaning) {
  const auto jobs = read(
      "jobs:\n"
      "  - {name: a, data: {path: 'x: \"y\" # z'}, head: {loss: huber}, task: regression,\n"
      "     data.targets: ['p, q', r], matrix: {backbone: [some/folder/net.pt, \"a b\"]}}\n"
      "  - {name: b, matrix: {head.hidden: [[], [512, 256]], data.path: [one/, two]}}\n");
  EXPECT_THAT(names_of(jobs),
              ElementsAre("a-backbone=net.pt", "a-backbone=a_b", "b-head.hidden=-data.path=one",
                          "b-head.hidden=-data.path=two", "b-head.hidden=512,256-data.path=one",
                          "b-head.hidden=512,256-data.path=two"));
  EXPECT_EQ(jobs[0].config.data.path, "x: \"y\" # z");
  EXPECT_THAT(jobs[0].config.data.targets, ElementsAre("p, q", "r"));
  EXPECT_EQ(jobs[0].config.backbone, "some/folder/net.pt");
  EXPECT_EQ(jobs[1].config.backbone, "a b");
  EXPECT_THAT(jobs[4].config.head.hidden, ElementsAre(512, 256));
}

TEST(Batch, RandomSearchDrawsFromListsAndRanges) {
  const std::string text =
      "jobs: [{name: a, strategy: fine-tune, matrix: {train: {lr: {low: 1.0e-5, high: 0.1, scale: "
      "log},\n"
      "  epochs: {low: 2, high: 9}, schedule: [cosine, step]}, seeds: 2},\n"
      "  search: {method: random, trials: 20, seed: SEED}}]";
  const auto with_seed = [&](const std::string& seed) {
    std::string filled = text;
    return read(filled.replace(filled.find("SEED"), 4, seed));
  };
  const auto jobs = with_seed("3");
  ASSERT_EQ(jobs.size(), 40U);
  std::set<std::string> groups;
  std::set<Schedule> schedules;
  int below = 0;
  for (const auto& job : jobs) {
    groups.insert(job.group);
    schedules.insert(job.config.train.schedule);
    EXPECT_GE(job.config.train.lr, 1e-5);
    EXPECT_LE(job.config.train.lr, 0.1);
    EXPECT_GE(job.config.train.epochs, 2);
    EXPECT_LE(job.config.train.epochs, 9);
    below += job.config.train.lr < 1e-3 ? 1 : 0;
  }
  EXPECT_EQ(groups.size(), 20U) << "each drawn combination with both seeds";
  EXPECT_EQ(schedules.size(), 2U);
  EXPECT_GT(below, 10) << "half of the logarithms lie below 1e-3";
  EXPECT_EQ(names_of(jobs), names_of(with_seed("3")));
  EXPECT_NE(names_of(jobs), names_of(with_seed("4")));
}

TEST(Batch, RandomSearchOfFewCombinationsTakesEachOnce) {
  const auto jobs = read(
      "jobs: [{name: a, matrix: {train.batch_size: [1, 2, 3]}, search: {method: random, trials: "
      "9}}]");
  const auto names = names_of(jobs);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 3U);
  EXPECT_EQ(jobs.size(), 3U);
}

TEST(Batch, JobsAreCountedBeforeTheyAreMade) {
  const std::string tens = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
  std::string axes;
  for (const char* key : {"seed", "train.epochs", "train.patience", "train.batch_size", "threads",
                          "data.workers", "train.top_k", "train.accumulate", "cache.memory_mb"}) {
    axes += std::string(axes.empty() ? "" : ", ") + key + ": " + tens;
  }
  const std::string grid = "jobs:\n  - {name: a, matrix: {" + axes + "}}\n";
  EXPECT_THAT(refusal(grid), AllOf(HasSubstr("batch_test.yaml:2: matrix: makes 1000000000 jobs"),
                                   HasSubstr("10000"), HasSubstr("trials: N")));
  const auto drawn = "jobs:\n  - {name: a, search: {method: random, trials: 3}, matrix: {" + axes;
  EXPECT_EQ(read(drawn + "}}\n").size(), 30U) << "3 trials of each seed";
  EXPECT_THAT(refusal("jobs:\n  - {name: a, search: {method: random, trials: 20000}, "
                      "matrix: {train.lr: {low: 0.1, high: 1}}}"),
              HasSubstr("fewer search.trials"));
}

TEST(Batch, RefusalsNameTheLineAndTheNearestKey) {
  EXPECT_THAT(
      refusal("default: {}\njobs: []"),
      AllOf(HasSubstr("batch_test.yaml:1"), HasSubstr("'default'; did you mean 'defaults'")));
  EXPECT_THAT(refusal("jobs: []"), AllOf(HasSubstr(":1"), HasSubstr("expected a list of jobs")));
  EXPECT_THAT(refusal("- a"), HasSubstr("key: value"));
  EXPECT_THAT(refusal("jobs: [\n"),
              AllOf(HasSubstr("batch_test.yaml:"), HasSubstr("not valid YAML")));
  EXPECT_THAT(refusal("jobs:\n  - {data: {path: a}}"),
              AllOf(HasSubstr(":2"), HasSubstr("no name")));
  EXPECT_THAT(refusal("jobs:\n  - {name: a}\n  - {name: a}"),
              AllOf(HasSubstr(":3"), HasSubstr("second job 'a'"), HasSubstr(":2)")));
  EXPECT_THAT(refusal("jobs:\n  - {name: a/b}"), AllOf(HasSubstr(":2"), HasSubstr("'a/b'")));
  EXPECT_THAT(refusal("jobs:\n  - {name: batch}"),
              HasSubstr("'batch' is what the batch itself writes"));
  EXPECT_THAT(refusal("jobs:\n  - {name: ..}"), HasSubstr("'..'"));
  EXPECT_THAT(refusal("jobs:\n  - {name: \"a\xff\"}"), HasSubstr("'a\\xFF'"));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    trian: {lr: 1}"),
              AllOf(HasSubstr(":3"), HasSubstr("'trian'")));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    train: {lrr: 1}"),
              AllOf(HasSubstr(":3"), HasSubstr("did you mean 'train.lr'")));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    matrx: {}"), HasSubstr("did you mean 'matrix'"));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    train: {lr: fast}"),
              AllOf(HasSubstr(":3"), HasSubstr("'fast'")));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    out: b"),
              AllOf(HasSubstr(":3"), HasSubstr("Leave it out")));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    preset: finetune"),
              HasSubstr("did you mean 'fine-tune'"));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    strategy: freeze"), HasSubstr("'freeze'"));
  EXPECT_THAT(refusal("defaults: {name: a}\njobs: [{name: b}]"), HasSubstr("each job has its own"));
}

TEST(Batch, RefusalsOfAMatrix) {
  const auto matrix = [](const std::string& rest) {
    return refusal("jobs:\n  - name: a\n    matrix: " + rest);
  };
  EXPECT_THAT(matrix("{seed: 3}"), AllOf(HasSubstr(":3"), HasSubstr("expected a list of values")));
  EXPECT_THAT(matrix("{seed: []}"), HasSubstr("expected a list of values"));
  EXPECT_THAT(matrix("[1]"), HasSubstr("expected keys with lists"));
  EXPECT_THAT(matrix("{sed: [1]}"), AllOf(HasSubstr(":3"), HasSubstr("did you mean 'seed'")));
  EXPECT_THAT(matrix("{seed: [1, x]}"), AllOf(HasSubstr(":3"), HasSubstr("'x'")));
  EXPECT_THAT(matrix("{seed: [1, 1]}"), HasSubstr("1 is given twice"));
  EXPECT_THAT(matrix("{seed: [1], seeds: 2}"), HasSubstr("exclude each other"));
  EXPECT_THAT(matrix("{folds: 1}"), HasSubstr("a whole number from 2"));
  EXPECT_THAT(matrix("{seeds: many}"), HasSubstr("a whole number from 1"));
  EXPECT_THAT(matrix("{data.fold: [1, 2]}"), HasSubstr("without data.folds"));
  EXPECT_THAT(matrix("{seed: [1]}\n    seed: 2"),
              AllOf(HasSubstr(":4"), HasSubstr("also an axis")));
  EXPECT_THAT(matrix("{data.path: [a/x, b/x]}"), HasSubstr("second job 'a-data.path=x'"));
  EXPECT_THAT(matrix("{train.lr: {low: 1, high: 2}}"), HasSubstr("search: {method: random"));
  const std::string random = "\n    search: {method: random, trials: 2}";
  EXPECT_THAT(matrix("{train.lr: {low: 2, high: 1}}" + random), HasSubstr("low < high"));
  EXPECT_THAT(matrix("{train.lr: {low: 0, high: 1, scale: log}}" + random), HasSubstr("above 0"));
  EXPECT_THAT(matrix("{train.lr: {low: 1, hihg: 2}}" + random), HasSubstr("did you mean 'high'"));
  EXPECT_THAT(matrix("{train.lr: {low: 1, high: x}}" + random), HasSubstr("expected a number"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {method: rndom}"),
              HasSubstr("did you mean 'random'"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {method: random}"),
              HasSubstr("trials: expected a whole number"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {trials: 3}"), HasSubstr("needs method: random"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {halving: 3}"), HasSubstr("one in F continues"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {halving: {epochs: 1, factor: 1}}"),
              HasSubstr("factor: expected a whole number from 2"));
  EXPECT_THAT(matrix("{seed: [1]}\n    search: {halving: {factr: 2}}"),
              HasSubstr("did you mean 'factor'"));
  EXPECT_THAT(refusal("jobs:\n  - name: a\n    search: {method: grid}"), HasSubstr("no matrix"));
}

TEST(Batch, HalvingIsOfTheJobsOfOneMatrix) {
  const auto jobs = read(
      "jobs:\n  - {name: a, data: {path: d}, matrix: {seed: [1, 2]}, search: {halving: "
      "{epochs: 4}}}\n  - {name: b, data: {path: d}}\n");
  ASSERT_EQ(jobs.size(), 3U);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(jobs[i].halving);
    EXPECT_EQ(jobs[i].halving->epochs, 4);
    EXPECT_EQ(jobs[i].halving->factor, 3);
    EXPECT_EQ(jobs[i].entry, "a");
  }
  EXPECT_FALSE(jobs[2].halving);
}

}  // namespace
}  // namespace transfer
