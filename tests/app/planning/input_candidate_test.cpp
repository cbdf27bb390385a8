#include "app/planning/input_candidate.h"

#include <gmock/gmock.h>

namespace transfer {
namespace {

using testing::ElementsAre;

std::vector<std::string> titles(const std::vector<InputCandidate>& candidates) {
  std::vector<std::string> titles;
  for (const InputCandidate& candidate : candidates) titles.push_back(title_of(candidate));
  return titles;
}

const std::vector<ExportedBackbone> kBackbones = {{"small", 224, 4e8}, {"large", 260, 9e8}};

TEST(InputCandidates, TheConfigurationsOwnComesFirst) {
  EXPECT_THAT(titles(resize_candidates(kBackbones[0], {.resize = true}, 1.3)),
              ElementsAre("small", "small, stretch", "small, pad"));
  EXPECT_THAT(titles(resize_candidates(kBackbones[0], {.resize = true}, 1)),
              ElementsAre("small", "small, stretch"))
      << "square images are padded as they are stretched";
  EXPECT_THAT(titles(resize_candidates(kBackbones[0], {}, 1.3)), ElementsAre("small"));
}

TEST(InputCandidates, LargerInputsNeedImagesWithDetail) {
  const OpenChoices open{.size = true};
  EXPECT_THAT(titles(other_candidates(kBackbones, open, Resize::kPad, 240)),
              ElementsAre("small at 288 pixels, pad", "large, pad"));
  EXPECT_THAT(titles(other_candidates(kBackbones, open, {}, 500)),
              ElementsAre("small at 288 pixels", "large", "large at 336 pixels"));
  EXPECT_THAT(titles(other_candidates(kBackbones, {}, {}, 500)), ElementsAre("large"));
  const auto larger = other_candidates(kBackbones, open, {}, 500).front();
  EXPECT_NEAR(larger.multiply_adds, 4e8 * 288 * 288 / (224 * 224), 1);
}

TEST(InputCandidates, SmallImagesAreTriedAtASmallerSide) {
  const OpenChoices open{.size = true};
  EXPECT_THAT(titles(other_candidates(kBackbones, open, {}, 28)),
              ElementsAre("small at 64 pixels", "large"));
  EXPECT_THAT(titles(other_candidates(kBackbones, open, {}, 64)),
              ElementsAre("small at 128 pixels", "large"));
  EXPECT_THAT(titles(other_candidates(kBackbones, open, {}, 90)), ElementsAre("large"))
      << "192 pixels save little";
  EXPECT_THAT(titles(other_candidates(kBackbones, {}, {}, 28)), ElementsAre("large"));
}

TEST(InputCandidates, WhatTheUserHasDecidedStays) {
  KeyOrigins origins = {
      {"backbone", "default"}, {"data.input_size", "default"}, {"data.resize", "run.yaml:3"}};
  const OpenChoices best = open_choices(Quality::kBest, origins);
  EXPECT_TRUE(best.backbone && best.size);
  EXPECT_FALSE(best.resize);
  EXPECT_FALSE(open_choices(Quality::kBalanced, origins).backbone);
  EXPECT_TRUE(open_choices(Quality::kBalanced, origins).size);
  EXPECT_FALSE(open_choices(Quality::kFast, origins).size);
  origins["backbone"] = "--backbone";
  EXPECT_FALSE(open_choices(Quality::kBest, origins).backbone);
}

TEST(InputCandidates, BecomeFlags) {
  const ConfigSources sources = with_candidate({}, {"large", 336, Resize::kStretch});
  EXPECT_THAT(sources.flags, ElementsAre(testing::Pair("backbone", "large"),
                                         testing::Pair("data.input_size", "336"),
                                         testing::Pair("data.resize", "stretch")));
  EXPECT_THAT(with_candidate({}, {"large"}).flags, ElementsAre(testing::Pair("backbone", "large")));
}

}  // namespace
}  // namespace transfer
