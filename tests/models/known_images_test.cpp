#include "models/known_images.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/errors.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(KnownImages, TheScoreIsTheDistanceToTheLastOfTheNearest) {
  const auto known = known_images(torch::tensor({{4.0F, 0.0F}, {0.0F, 9.0F}}));
  EXPECT_EQ(known.neighbours, 2);
  const auto scores = UnknownScore(known).score(torch::tensor({{1.0F, 0.0F}, {-1.0F, 0.0F}}));
  // The farther of the two is at a right angle; behind the origin both are, the one at distance 2.
  EXPECT_NEAR(scores[0].item<double>(), std::sqrt(2.0), 1e-3);
  EXPECT_NEAR(scores[1].item<double>(), 2, 1e-3);
}

TEST(KnownImages, BytesAreReadBackToTheSame) {
  auto known = known_images(torch::rand({12, 7}));
  known.threshold = 0.625;
  const auto again = parse_known_images(known_images_bytes(known), "model.pt");
  EXPECT_TRUE(torch::equal(again.rows, known.rows));
  EXPECT_EQ(again.neighbours, 10);
  EXPECT_EQ(again.threshold, 0.625);
}

TEST(KnownImages, BytesThatAreNotWholeOrNotSoundAreRefused) {
  const std::string good = known_images_bytes(known_images(torch::rand({3, 2})));
  const auto refused = [](const std::string& bytes) {
    try {
      parse_known_images(bytes, "model.pt");
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("model.pt"), HasSubstr("known_images")));
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refused(good));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(refused(good.substr(0, size))) << size;
  }
  EXPECT_TRUE(refused(good + "x"));
  const auto changed = [&](std::size_t position, auto number) {
    std::string bytes = good;
    bytes.replace(position, sizeof number, reinterpret_cast<const char*>(&number), sizeof number);
    return bytes;
  };
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  EXPECT_TRUE(refused(changed(0, 'X')));
  for (const std::size_t position : {8, 16, 24}) {  // rows, dimension, neighbours
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, kHuge, -kHuge}) {
      EXPECT_TRUE(refused(changed(position, number))) << position << ": " << number;
    }
  }
  EXPECT_TRUE(refused(changed(32, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(refused(changed(40, std::uint16_t{0x7E00}))) << "a feature that is no number";
}

/// A model of the tiny network, with or without confidence.
std::string written_model(const Confidence& confidence, const std::string& backbone) {
  torch::manual_seed(1);
  const Head head = linear_head(torch::randn({3, 16}), torch::randn({3}));
  const std::string file = testing::TempDir() + "/confident_test.pt";
  write_classifier(Backbone::load(backbone), "", head, {"a", "b", "c"}, file, {}, confidence);
  return file;
}

TEST(Confidence, AModelDividesItsLogitsAndScoresImagesInOnePass) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  Confidence confidence{Calibration{2.5, {2, {0.25, 0.5}}}, known_images(golden["features"])};
  confidence.known->threshold = 0.75;
  const std::string file = written_model(confidence, fixture("tiny.pt"));
  const Classifier model(file, torch::kCPU);
  EXPECT_EQ(model.metadata().calibration->conformal.scores, (std::vector<double>{0.25, 0.5}));
  EXPECT_EQ(model.known()->threshold, 0.75);

  const torch::NoGradGuard no_gradients;
  auto module = read_archive(file).module;
  const auto raw = module.forward({golden["input"]}).toTensor();
  const auto logits = model.logits(golden["input"]);
  EXPECT_LT(largest_difference(logits, raw / 2.5), 1e-5);
  const auto predicted = module.get_method("predict")({golden["input"]}).toTensor();
  EXPECT_LT(largest_difference(predictions_of(logits, TargetKind::kClass), predicted), 1e-6);

  const auto scored = model.scored_logits(golden["input"]);
  EXPECT_TRUE(torch::equal(scored.narrow(1, 0, 3), logits));
  const auto expected = UnknownScore(*confidence.known).score(golden["features"]);
  EXPECT_LT(largest_difference(scored.select(1, 3), expected), 1e-2);
}

TEST(Confidence, AModelWithoutItIsAsBeforeAndOneOnTopOfAModelHasItsOwn) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  const std::string plain = written_model({}, fixture("tiny.pt"));
  const Classifier model(plain, torch::kCPU);
  EXPECT_EQ(model.known(), nullptr);
  EXPECT_FALSE(model.metadata().calibration);
  EXPECT_THAT(to_json(model.metadata()), HasSubstr("\"format_version\": 1"));

  const std::string confident = written_model(
      {Calibration{2.5, {1, {0.25}}}, known_images(golden["features"])}, fixture("tiny.pt"));
  const Classifier next(written_model({}, confident), torch::kCPU);
  EXPECT_EQ(next.known(), nullptr);
  EXPECT_FALSE(next.metadata().calibration);
}

TEST(Confidence, MetadataHoldItInAVersionThatOlderProgramsRefuse) {
  ModelMetadata metadata;
  metadata.kind = ModelKind::kClassifier;
  metadata.classes = {"a", "b"};
  metadata.calibration = Calibration{1.5, {3, {0.125, 0.5, 0.75}}};
  const std::string text = to_json(metadata);
  EXPECT_THAT(text, HasSubstr("\"format_version\": 4"));
  const auto again = parse_metadata(text, "f").calibration;
  EXPECT_EQ(again->temperature, 1.5);
  EXPECT_EQ(again->conformal.images, 3);
  EXPECT_EQ(again->conformal.scores, metadata.calibration->conformal.scores);
  for (const auto& [good, bad] : std::map<std::string, std::string>{
           {"\"temperature\": 1.5", "\"temperature\": 0"},
           {"\"temperature\"", "\"temprature\""},
           {"\"images\": 3", "\"images\": 2"},
           {"0.125", "0.625"},
           {"0.75", "1.75"},
           {"\"kind\"", "\"loss\": \"mse\", \"kind\""}}) {
    std::string damaged = text;
    damaged.replace(damaged.find(good), good.size(), bad);
    EXPECT_THROW(parse_metadata(damaged, "f"), ModelError) << bad;
  }
}

}  // namespace
}  // namespace transfer
