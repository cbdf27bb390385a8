#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/errors.h"
#include "models/metadata.h"

namespace transfer {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

ModelMetadata classifier_of(const Objective& objective) {
  ModelMetadata metadata;
  metadata.kind = ModelKind::kClassifier;
  metadata.classes = {"a", "b"};
  metadata.objective = objective;
  return metadata;
}

/// What parse_metadata says of the metadata with `key` set to `value`.
std::string refusal(const ModelMetadata& metadata, const std::string& key, const json& value) {
  json object = json::parse(to_json(metadata));
  object[key] = value;
  try {
    parse_metadata(object.dump(), "model.pt");
    return "";
  } catch (const ModelError& error) {
    return error.what();
  }
}

TEST(ObjectiveMetadata, LossesOfVersionFiveAreKeptWithTheirParameter) {
  const ModelMetadata focal = classifier_of({.loss = LossKind::kFocal, .focal_gamma = 1.5});
  const std::string text = to_json(focal);
  EXPECT_THAT(text, AllOf(HasSubstr("\"format_version\": 5"), HasSubstr("\"loss\": \"focal\""),
                          HasSubstr("\"focal_gamma\": 1.5")));
  EXPECT_FALSE(json::parse(text).contains("logit_adjustment"));
  EXPECT_EQ(parse_metadata(text, "f").objective.focal_gamma, 1.5);
  const ModelMetadata adjusted =
      classifier_of({.loss = LossKind::kLogitAdjusted, .logit_adjustment = 0.5});
  EXPECT_THAT(to_json(adjusted), HasSubstr("\"format_version\": 5"));
  EXPECT_EQ(parse_metadata(to_json(adjusted), "f").objective.logit_adjustment, 0.5);
}

TEST(ObjectiveMetadata, ParametersOutOfRangeAreRefused) {
  const ModelMetadata focal = classifier_of({.loss = LossKind::kFocal});
  EXPECT_EQ(refusal(focal, "focal_gamma", 0), "");
  for (const json& wrong : {json(-1), json(21)}) {
    EXPECT_THAT(refusal(focal, "focal_gamma", wrong),
                AllOf(HasSubstr("model.pt"), HasSubstr("focal_gamma"), HasSubstr("0 to 20")));
  }
  EXPECT_THAT(refusal(focal, "logit_adjustment", 10.5),
              AllOf(HasSubstr("logit_adjustment"), HasSubstr("0 to 10")));
  EXPECT_THAT(refusal(focal, "focal_gamma", "two"), HasSubstr("transfer.json"));
}

TEST(ObjectiveMetadata, ThresholdsOfLabelsAreKeptAndOlderFilesHaveNone) {
  ModelMetadata labels = classifier_of({.loss = LossKind::kBinaryCrossEntropy});
  EXPECT_THAT(to_json(labels), HasSubstr("\"format_version\": 2"));
  EXPECT_TRUE(parse_metadata(to_json(labels), "f").objective.label_thresholds.empty());
  EXPECT_EQ(labels.objective.label_threshold(1), 0.5F);
  labels.objective.label_thresholds = {0.1F, 1.0F};
  EXPECT_THAT(to_json(labels), HasSubstr("\"format_version\": 5"));
  const Objective kept = parse_metadata(to_json(labels), "f").objective;
  EXPECT_EQ(kept.label_thresholds, labels.objective.label_thresholds) << "to the last bit";
  EXPECT_EQ(kept.label_threshold(0), 0.1F);
}

TEST(ObjectiveMetadata, ThresholdsThatDoNotFitAreRefused) {
  const ModelMetadata labels = classifier_of({.loss = LossKind::kBinaryCrossEntropy});
  for (const json& wrong : {json::array({0.5}), json::array({0.5, 0.5, 0.5}), json::array(),
                            json::array({0, 0.5}), json::array({0.5, 1.5})}) {
    EXPECT_THAT(refusal(labels, "label_thresholds", wrong),
                AllOf(HasSubstr("model.pt"), HasSubstr("label_thresholds"), HasSubstr("2 numbers")))
        << wrong;
  }
  EXPECT_THAT(refusal(labels, "label_thresholds", json::array({0.5, "high"})),
              HasSubstr("transfer.json"));
  EXPECT_THAT(refusal(classifier_of({}), "label_thresholds", json::array({0.5, 0.5})),
              HasSubstr("any number of labels"));
}

}  // namespace
}  // namespace transfer
