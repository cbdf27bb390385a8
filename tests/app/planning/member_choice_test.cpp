#include "app/planning/member_choice.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

namespace transfer {
namespace {

using testing::ElementsAre;

/// Candidates of 300 images in two classes. Each is sure of all images but those of its own third,
/// of which it is as sure that they are of the other class.
TriedCandidate wrong_in_third(std::int64_t third, double sureness = 2) {
  TriedCandidate tried;
  tried.candidate.backbone = std::to_string(third);
  auto outputs = torch::zeros({300, 2});
  outputs.select(1, 0).fill_(sureness);
  outputs.narrow(0, 100 * third, 100).select(1, 0).fill_(-sureness);
  tried.answers = {outputs, {torch::zeros({300}, torch::kInt64)}};
  tried.loss = Loss{}.sum(outputs, tried.answers.truth).item<double>() / 300;
  return tried;
}

TEST(MemberChoice, TakesThoseThatErrOnDifferentImages) {
  CandidateSearch search;
  search.tried = {wrong_in_third(0), wrong_in_third(1), wrong_in_third(2)};
  const ChosenMembers chosen = choose_members(search, 5);
  EXPECT_THAT(chosen.positions, testing::UnorderedElementsAre(0, 1, 2));
  EXPECT_EQ(chosen.positions.front(), search.best);
  EXPECT_LT(chosen.loss, search.tried[0].loss);
  EXPECT_EQ(chosen.score.value, 1);
  // (2 · 0.8808 + 0.1192) / 3 for every image.
  EXPECT_NEAR(chosen.loss, -std::log((2 * 0.880797 + 0.119203) / 3), 1e-5);
  EXPECT_THAT(choose_members(search, 2).positions, testing::SizeIs(2));
}

TEST(MemberChoice, NeedsEvidenceAndImagesThatAreFittedAlike) {
  CandidateSearch search;
  search.tried = {wrong_in_third(0), wrong_in_third(0)};
  EXPECT_THAT(choose_members(search, 5).positions, ElementsAre(0)) << "a copy adds nothing";
  search.tried = {wrong_in_third(0), wrong_in_third(1)};
  search.tried[1].candidate.resize = Resize::kPad;
  EXPECT_THAT(choose_members(search, 5).positions, ElementsAre(0));
}

TEST(MemberChoice, ThreeTimesTheLikelihoodIsClearlyBetter) {
  EXPECT_TRUE(is_clearly_better(0.50, 0.512, 100)) << "exp(1.2) = 3.3";
  EXPECT_FALSE(is_clearly_better(0.50, 0.510, 100)) << "exp(1.0) = 2.7";
  EXPECT_FALSE(is_clearly_better(0.51, 0.50, 100));
}

}  // namespace
}  // namespace transfer
