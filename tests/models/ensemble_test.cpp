#include "models/ensemble.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "core/errors.h"
#include "models/activation_maps.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "models/frozen_trunk.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Names = std::vector<std::string>;

/// A trained model to be made.
struct NewModel {
  std::string backbone = "tiny.pt";
  Names classes = {"a", "b", "c"};
  Objective objective = {};
  double temperature = 1;
  std::int64_t size = 0;
  InputSettings input = {};
};

std::string write_model(const std::string& name, const NewModel& model) {
  auto backbone = Backbone::load(fixture(model.backbone), model.input);
  if (model.size > 0) backbone = backbone.with_input_size(model.size);
  torch::manual_seed(static_cast<std::uint64_t>(name.back()));
  const auto outputs = static_cast<std::int64_t>(model.classes.size());
  const Head head =
      linear_head(torch::randn({outputs, backbone.feature_count()}), torch::randn({outputs}));
  Confidence confidence;
  if (model.temperature != 1) confidence.calibration = Calibration{model.temperature};
  const std::string file = testing::TempDir() + "/ensemble_" + name + ".pt";
  write_classifier(backbone, "", head, model.classes, file, model.objective, confidence);
  return file;
}

std::string joined(const std::vector<std::string>& members) {
  const std::string file = testing::TempDir() + "/ensemble.pt";
  write_ensemble({members.begin(), members.end()}, file);
  return file;
}

torch::Tensor predictions_by(const std::string& file, const torch::Tensor& images) {
  const Classifier model(file, torch::kCPU);
  return predictions_of(model.logits(images), model.metadata().objective.targets());
}

/// Images with pixels from 0 to 1, as the member's own preprocessing would make them.
torch::Tensor normalised(torch::Tensor images, const Preprocessing& p) {
  if (images.size(2) != p.height) {
    namespace F = torch::nn::functional;
    images = F::interpolate(images, F::InterpolateFuncOptions()
                                        .size(std::vector<std::int64_t>{p.height, p.width})
                                        .mode(torch::kBilinear)
                                        .align_corners(false)
                                        .antialias(true));
  }
  if (p.channels == 1) {
    images =
        0.299 * images.select(1, 0) + 0.587 * images.select(1, 1) + 0.114 * images.select(1, 2);
    images = images.unsqueeze(1);
  }
  const auto channels = [](const std::vector<float>& v) {
    return torch::tensor(v).view({1, -1, 1, 1});
  };
  return (images - channels(p.mean)) / channels(p.std);
}

/// The mean of what the members themselves predict.
torch::Tensor mean_by_hand(const std::vector<std::string>& members, const torch::Tensor& images) {
  torch::Tensor sum;
  for (const std::string& file : members) {
    const Classifier model(file, torch::kCPU);
    const auto given = predictions_by(file, normalised(images, model.metadata().preprocessing));
    sum = sum.defined() ? sum + given : given;
  }
  return sum / static_cast<double>(members.size());
}

torch::Tensor images_of(const std::string& file, std::int64_t count = 3) {
  const Preprocessing p = Classifier(file, torch::kCPU).metadata().preprocessing;
  torch::manual_seed(5);
  return torch::rand({count, 3, p.height, p.width});
}

TEST(Ensemble, OfOneModelPredictsWhatThatModelPredicts) {
  for (const std::string backbone : {"tiny.pt", "tiny_traced.pt"}) {
    const std::string member = write_model("one", {.backbone = backbone, .temperature = 2.5});
    const std::string file = joined({member});
    const auto images = images_of(file);
    EXPECT_LT(largest_difference(predictions_by(file, images), mean_by_hand({member}, images)),
              1e-5)
        << backbone;
  }
}

TEST(Ensemble, PredictsTheMeanOfScriptedAndTracedMembersAtTheirTemperatures) {
  const std::vector<std::string> members = {
      write_model("1", {.temperature = 3}), write_model("2", {.backbone = "tiny_traced.pt"}),
      write_model("3", {.backbone = "residual_traced.pt", .temperature = 0.5})};
  const std::string file = joined(members);
  const auto images = images_of(file);
  const auto given = predictions_by(file, images);
  EXPECT_LT(largest_difference(given, mean_by_hand(members, images)), 1e-5);
  EXPECT_LT(largest_difference(given.sum(1), torch::ones({3})), 1e-5);
  EXPECT_GT(largest_difference(given, predictions_by(file, 1 - images)), 1e-4) << "images count";
}

TEST(Ensemble, MembersOfOtherSizesAndChannelsPrepareTheImagesThemselves) {
  const std::vector<std::string> members = {write_model("1", {.size = 40}),
                                            write_model("2", {.backbone = "grey.pt"}),
                                            write_model("3", {.size = 96})};
  const std::string file = joined(members);
  const Preprocessing p = Classifier(file, torch::kCPU).metadata().preprocessing;
  EXPECT_EQ(p.height, 96);
  EXPECT_EQ(p.channels, 3);
  EXPECT_EQ(p.mean, std::vector<float>({0, 0, 0}));
  EXPECT_EQ(p.std, std::vector<float>({1, 1, 1}));
  const auto images = images_of(file);
  EXPECT_LT(largest_difference(predictions_by(file, images), mean_by_hand(members, images)), 1e-5);
}

TEST(Ensemble, ClassesAreMatchedByTheirNames) {
  const std::string first = write_model("1", {});
  const std::string other = write_model("2", {.classes = {"c", "a", "b"}});
  const std::string file = joined({first, other});
  EXPECT_EQ(Classifier(file, torch::kCPU).metadata().classes, Names({"a", "b", "c"}));
  const auto images = images_of(file);
  const auto x = normalised(images, Classifier(first, torch::kCPU).metadata().preprocessing);
  const auto in_order =
      predictions_by(other, x).index_select(1, torch::tensor({1, 2, 0}, torch::kInt64));
  EXPECT_LT(
      largest_difference(predictions_by(file, images), (predictions_by(first, x) + in_order) / 2),
      1e-5);
}

TEST(Ensemble, LabelsAndNumbersAreMeansToo) {
  for (const LossKind loss : {LossKind::kBinaryCrossEntropy, LossKind::kHuber}) {
    const std::vector<std::string> members = {write_model("1", {.objective = {loss}}),
                                              write_model("2", {.objective = {loss}})};
    const std::string file = joined(members);
    const auto images = images_of(file);
    const auto expected = mean_by_hand(members, images);
    EXPECT_LT(largest_difference(predictions_by(file, images), expected),
              1e-4 * (1 + expected.abs().max().item<double>()));
    EXPECT_EQ(Classifier(file, torch::kCPU).metadata().objective.loss, loss);
  }
}

TEST(Ensemble, SurePredictionsDoNotBecomeInfinite) {
  const auto sure = torch::tensor({{200.0F, -200.0F}});
  const auto unsure = torch::tensor({{-200.0F, 200.0F}});
  const auto mean = mean_outputs({sure, unsure}, TargetKind::kClass);
  EXPECT_LT(largest_difference(mean.softmax(1), torch::full({1, 2}, 0.5)), 1e-6);
  const auto labels = mean_outputs({sure, unsure}, TargetKind::kLabels);
  EXPECT_LT(largest_difference(labels.sigmoid(), torch::full({1, 2}, 0.5)), 1e-6);
  EXPECT_TRUE(torch::isfinite(mean_outputs({sure, sure}, TargetKind::kLabels)).all().item<bool>());
}

TEST(Ensemble, AsABackboneItGivesTheMembersFeaturesSideBySideAndNoMap) {
  const std::vector<std::string> members = {write_model("1", {}),
                                            write_model("2", {.backbone = "residual.pt"})};
  const std::string file = joined(members);
  const Backbone backbone = Backbone::load(file);
  EXPECT_EQ(backbone.metadata().members.size(), 2U);
  EXPECT_FALSE(backbone.has_classifier());
  const auto images = images_of(file);
  std::vector<torch::Tensor> expected;
  for (const std::string& member : members) {
    const Backbone one = Backbone::load(member);
    const auto x = normalised(images, one.metadata().preprocessing);
    expected.push_back(FrozenTrunk(one, {""}, torch::kCPU).features(x));
  }
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  EXPECT_LT(largest_difference(trunk.features(images), torch::cat(expected, 1)), 1e-4);
  EXPECT_THROW(ActivationMaps(backbone, ""), ModelError);
}

/// The message with which these are refused.
template <typename Refusal>
std::string refused(const std::vector<std::string>& members) {
  const std::string file = testing::TempDir() + "/ensemble_refused.pt";
  try {
    write_ensemble({members.begin(), members.end()}, file);
  } catch (const Refusal& error) {
    EXPECT_FALSE(std::filesystem::exists(file));
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return "";
}

TEST(Ensemble, UnlikeMembersAreRefusedWithTheDifference) {
  const std::string first = write_model("1", {});
  EXPECT_THAT(refused<ConfigError>({first, write_model("2", {.classes = {"a", "b", "d"}})}),
              AllOf(HasSubstr("ensemble_2.pt"), HasSubstr("'c'")));
  EXPECT_THAT(refused<ConfigError>({first, write_model("2", {.classes = {"a", "b", "c", "d"}})}),
              HasSubstr("'d'"));
  EXPECT_THAT(refused<ConfigError>(
                  {first, write_model("2", {.objective = {LossKind::kBinaryCrossEntropy}})}),
              AllOf(HasSubstr("labels"), HasSubstr("one class per image")));
  const InputSettings bands{.input = {.mean = {0.5}, .std = {0.5}}, .size = {}, .resize = {}};
  EXPECT_THAT(refused<ConfigError>(
                  {first, write_model("2", {.backbone = "channels_4.pt", .input = bands})}),
              HasSubstr("4 channels"));
  EXPECT_THAT(refused<ModelError>({first, fixture("tiny.pt")}), HasSubstr("tiny.pt"));
  EXPECT_THAT(refused<ModelError>({first, joined({first})}), HasSubstr("ensemble itself"));
  EXPECT_THAT(refused<ModelError>({first, fixture("truncated.pt")}), HasSubstr("truncated.pt"));
}

TEST(Ensemble, AFileThatOnlyClaimsToBeOneIsRefused) {
  Archive archive = read_archive(fixture("tiny.pt"));
  archive.metadata->members = {{"tiny", "0"}, {"tiny", "1"}};
  const std::string file = testing::TempDir() + "/ensemble_claimed.pt";
  write_archive(archive.module, *archive.metadata, file);
  try {
    Backbone::load(file);
    ADD_FAILURE() << "was not refused";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("ensemble_claimed.pt"), HasSubstr("features")));
  }
}

TEST(Ensemble, MalformedMembersAreRefused) {
  ModelMetadata metadata;
  metadata.members = {{"tiny", "0"}};
  const std::string text = to_json(metadata);
  EXPECT_THAT(text, HasSubstr("\"format_version\": 5"));
  EXPECT_EQ(parse_metadata(text, "ensemble.pt").members.front().name, "tiny");
  const std::string list = text.substr(text.find("[\n  {\n   \"name\": \"tiny\""));
  const std::string members = list.substr(0, list.find(']') + 1);
  for (const char* other : {"[]", "3", "[3]", "[[]]", "[{}]", "[{\"name\": 1}]", "{\"a\": 1}",
                            "[{\"name\": \"a\", \"weights_sha256\": \"0\", \"more\": 1}]"}) {
    std::string changed = text;
    changed.replace(changed.find(members), members.size(), other);
    EXPECT_THROW(parse_metadata(changed, "ensemble.pt"), ModelError) << other;
  }
}

TEST(Ensemble, EqualMembersMakeEqualFiles) {
  const std::vector<std::string> members = {write_model("1", {}), write_model("2", {.size = 40})};
  const auto hash = [&] { return Backbone::load(joined(members)).fingerprint(); };
  EXPECT_EQ(hash(), hash());
}

}  // namespace
}  // namespace transfer
