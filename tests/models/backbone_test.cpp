#include "models/backbone.h"

#include <gmock/gmock.h>

#include "core/atomic_file.h"
#include "core/errors.h"
#include "models/archive.h"
#include "models/classifier.h"
#include "models/complexity.h"
#include "models/frozen_trunk.h"
#include "tests/models/tensor_file.h"

namespace transfer {
namespace {

using testing::HasSubstr;

std::string load_error(const std::string& file) {
  try {
    Backbone::load(file);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Backbone, LogitsFeaturesAndStagesEqualPython) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  const auto backbone = Backbone::load(fixture("tiny.pt"));
  EXPECT_EQ(backbone.feature_count(), 16);
  EXPECT_EQ(backbone.output_count(), 10);
  EXPECT_EQ(backbone.classifier_path(), "classifier");

  torch::NoGradGuard no_gradients;
  auto module = backbone.implementation().module;
  EXPECT_LT(largest_difference(module.forward({golden["input"]}).toTensor(), golden["logits"]),
            1e-4);
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  EXPECT_LT(largest_difference(trunk.features(golden["input"]), golden["features"]), 1e-4);
  for (const auto& stage : backbone.metadata().stages) {
    auto cut = cut_after_stage(module, stage, "tiny.pt");
    EXPECT_LT(
        largest_difference(cut.forward({golden["input"]}).toTensor(), golden.at("stage:" + stage)),
        1e-4)
        << stage;
  }
}

TEST(Backbone, TracedModelsAreCutTheSameWay) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  const auto backbone = Backbone::load(fixture("tiny_traced.pt"));
  const FrozenTrunk trunk(backbone, {""}, torch::kCPU);
  EXPECT_LT(largest_difference(trunk.features(golden["input"]), golden["features"]), 1e-4);
}

TEST(Backbone, RefusesUnusableFilesAndNamesWhatTheyAre) {
  EXPECT_THAT(load_error(fixture("missing.pt")), HasSubstr("no such file"));
  EXPECT_THAT(load_error(fixture("truncated.pt")), HasSubstr("truncated"));
  EXPECT_THAT(load_error(fixture("state_dict.pt")), HasSubstr("state dict"));
  EXPECT_THAT(load_error(fixture("not_torchscript.pt")), HasSubstr("not a TorchScript archive"));
  EXPECT_THAT(load_error(fixture("newer_format.pt")), HasSubstr("format version 999"));
}

TEST(Backbone, ComplexityEqualsACountByHand) {
  const auto stages = measure_complexity(Backbone::load(fixture("tiny.pt")));
  ASSERT_EQ(stages.size(), 3U);
  // Stem 3→8 at 32×32, block 8→12 at 16×16, block 12→16 at 8×8, classifier 16→10.
  EXPECT_EQ(stages[0].multiply_adds, 3 * 9 * 8 * 32 * 32 + 8 * 9 * 12 * 16 * 16);
  EXPECT_EQ(stages[0].parameters, 3 * 9 * 8 + 2 * 8 + 8 * 9 * 12 + 2 * 12);
  EXPECT_EQ(stages[1].multiply_adds, 12 * 9 * 16 * 8 * 8);
  EXPECT_EQ(stages[2].multiply_adds, 16 * 10);
  EXPECT_EQ(stages[2].parameters, 16 * 10 + 10);
  EXPECT_EQ(stages[1].output_shape, (std::vector<std::int64_t>{16, 8, 8}));
}

TEST(Classifier, OneFileReturnsTheHeadsLogitsAndServesAsBackbone) {
  auto golden = read_tensors(fixture("tiny.golden.pt"));
  const auto backbone = Backbone::load(fixture("tiny.pt"));
  torch::manual_seed(1);
  const Head head = linear_head(torch::randn({3, 16}), torch::randn({3}));
  const std::string file = testing::TempDir() + "/classifier_test.pt";
  write_classifier(backbone, "", head, {"a", "b", "c"}, file);

  const Classifier model(file, torch::kCPU);
  EXPECT_EQ(model.metadata().classes, (std::vector<std::string>{"a", "b", "c"}));
  const auto expected = head.logits(golden["features"]);
  EXPECT_LT(largest_difference(model.logits(golden["input"]), expected), 1e-4);

  const auto next = Backbone::load(file);
  EXPECT_EQ(next.feature_count(), 16);
  EXPECT_EQ(next.output_count(), 3);
  const FrozenTrunk trunk(next, {""}, torch::kCPU);
  EXPECT_LT(largest_difference(trunk.features(golden["input"]), golden["features"]), 1e-4);
  EXPECT_EQ(next.metadata().stages.front(), "trunk.blocks.0");
}

TEST(Classifier, TheFileDoesNotDependOnWhatTheProcessDidBefore) {
  const Head head = linear_head(torch::ones({2, 16}), torch::zeros({2}));
  const auto written = [&](const Backbone& backbone, const std::string& name) {
    const std::string file = testing::TempDir() + "/" + name;
    write_classifier(backbone, "", head, {"a", "b"}, file);
    return read_file(file);
  };
  const std::string first = written(Backbone::load(fixture("tiny.pt")), "first.pt");
  const auto used = Backbone::load(fixture("tiny.pt"));
  for (int i = 0; i < 3; ++i) {  // LibTorch numbers further classes
    const FrozenTrunk trunk(used, {used.metadata().stages.front()}, torch::kCPU);
  }
  EXPECT_TRUE(written(used, "second.pt") == first);
}

TEST(Classifier, TrunkTensorsAreBitIdenticalToTheBackbonesAndTheOldHeadIsGone) {
  const auto backbone = Backbone::load(fixture("tiny.pt"));
  const std::string file = testing::TempDir() + "/identical_test.pt";
  write_classifier(backbone, "", linear_head(torch::ones({2, 16}), torch::zeros({2})), {"a", "b"},
                   file);
  const auto before = backbone.implementation().module;
  auto after = read_archive(file).module.attr("trunk").toModule();
  int compared = 0;
  const auto compare = [&](const std::string& name, const torch::Tensor& tensor) {
    torch::jit::Module owner = after;
    std::string rest = name;
    for (auto dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      owner = owner.attr(rest.substr(0, dot)).toModule();
      rest = rest.substr(dot + 1);
    }
    const auto saved = owner.attr(rest).toTensor();
    if (name.starts_with("classifier.")) {
      EXPECT_EQ(saved.numel(), 0) << name;
      return;
    }
    // num_batches_tracked, which only training mode reads, is kept as well.
    EXPECT_TRUE(torch::equal(saved, tensor)) << name;
    ++compared;
  };
  for (const auto& entry : before.named_parameters()) compare(entry.name, entry.value);
  for (const auto& entry : before.named_buffers()) compare(entry.name, entry.value);
  EXPECT_EQ(compared, 3 * 6) << "three convolutions with five BatchNorm tensors each";
}

TEST(Classifier, StoresTheObjectiveWhichDecidesWhatIsPredicted) {
  const auto backbone = Backbone::load(fixture("tiny.pt"));
  const std::string file = testing::TempDir() + "/objective_test.pt";
  const Head head = linear_head(torch::ones({2, 16}), torch::zeros({2}));
  const auto images = torch::rand({3, 3, 32, 32});
  for (const auto loss :
       {LossKind::kCrossEntropy, LossKind::kFocal, LossKind::kLogitAdjusted,
        LossKind::kBinaryCrossEntropy, LossKind::kMeanAbsoluteError, LossKind::kHuber}) {
    write_classifier(backbone, "", head, {"a", "b"}, file, {loss, 0.25, 3.0, 0.5});
    const Classifier model(file, torch::kCPU);
    const Objective objective = model.metadata().objective;
    EXPECT_EQ(objective.loss, loss);
    EXPECT_EQ(objective.huber_delta, loss == LossKind::kHuber ? 0.25 : 1.0);
    EXPECT_EQ(objective.focal_gamma, loss == LossKind::kFocal ? 3.0 : 2.0);
    EXPECT_EQ(objective.logit_adjustment, loss == LossKind::kLogitAdjusted ? 0.5 : 1.0);
    torch::NoGradGuard no_gradients;
    auto module = read_archive(file).module;
    const auto predicted = module.get_method("predict")({images}).toTensor();
    const auto outputs = module.forward({images}).toTensor();
    EXPECT_TRUE(torch::allclose(predicted, predictions_of(outputs, objective.targets())))
        << name_of(loss);
    EXPECT_EQ(torch::equal(predicted, outputs), objective.targets() == TargetKind::kValues);
  }
}

TEST(Metadata, VersionTwoIsWrittenOnlyIfNeededAndOlderFilesAreForClassification) {
  ModelMetadata metadata;
  metadata.kind = ModelKind::kClassifier;
  metadata.classes = {"a", "b"};
  EXPECT_THAT(to_json(metadata), HasSubstr("\"format_version\": 1"));
  EXPECT_EQ(parse_metadata(to_json(metadata), "f").objective.loss, LossKind::kCrossEntropy);
  metadata.objective.loss = LossKind::kMeanSquaredError;
  const std::string text = to_json(metadata);
  EXPECT_THAT(text,
              AllOf(HasSubstr("\"format_version\": 2"), HasSubstr("\"task\": \"regression\"")));
  EXPECT_EQ(parse_metadata(text, "f").objective.loss, LossKind::kMeanSquaredError);
  std::string unknown = text;
  unknown.replace(unknown.find("\"mse\""), 5, "\"new\"");
  EXPECT_THROW(parse_metadata(unknown, "f"), ModelError);
}

TEST(Metadata, ClassesWithoutANameOrTwiceAreRefused) {
  ModelMetadata metadata;
  metadata.kind = ModelKind::kClassifier;
  for (const auto& classes : {std::vector<std::string>{"a", ""}, {"a", "b", "a"}}) {
    metadata.classes = classes;
    EXPECT_THROW(parse_metadata(to_json(metadata), "f"), ModelError);
  }
}

TEST(Metadata, AMisspeltKeyIsRefusedWithTheNearestOne) {
  for (const auto& [known, wrong] : std::map<std::string, std::string>{
           {"resize_rule", "preprocessing.resize_rle"}, {"license", "licnse"}}) {
    const std::string key = wrong.substr(wrong.find('.') + 1);
    std::string text = to_json(ModelMetadata{});
    text.replace(text.find("\"" + known + "\"") + 1, known.size(), key);
    try {
      parse_metadata(text, "model.pt");
      FAIL() << "expected ModelError for " << wrong;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("unknown key '" + wrong + "'"));
      EXPECT_THAT(error.what(), HasSubstr("'" + known + "'"));
    }
  }
}

TEST(Metadata, AValueOfAnotherTypeIsToldWithoutTheCodesOfTheParser) {
  std::string text = to_json(ModelMetadata{});
  text.replace(text.find("\"name\": \"\""), 10, "\"name\": 5");
  for (const std::string& damaged : {text, std::string("{")}) {
    try {
      parse_metadata(damaged, "model.pt");
      FAIL() << "expected ModelError";
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.pt: the metadata (transfer.json)"));
      EXPECT_THAT(error.what(), testing::Not(HasSubstr("json.exception")));
    }
  }
}

TEST(Metadata, TheRangeOfSamplesIsKeptInAVersionThatOlderProgramsRefuse) {
  ModelMetadata metadata;
  EXPECT_EQ(parse_metadata(to_json(metadata), "f").preprocessing.sample_range, std::nullopt);
  metadata.preprocessing.sample_range = {-1024, 3071.5};
  const std::string text = to_json(metadata);
  EXPECT_THAT(text, HasSubstr("\"format_version\": 3"));
  EXPECT_EQ(parse_metadata(text, "f").preprocessing, metadata.preprocessing);
  std::string empty = text;
  empty.replace(empty.find("3071.5"), 6, "-99999");
  try {
    parse_metadata(empty, "model.pt");
    FAIL() << "expected ModelError";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("model.pt"), HasSubstr("sample_range")));
  }
}

TEST(Metadata, UnknownChoiceIsRefusedWithTheFieldAndTheKnownOnes) {
  for (const auto& [known, parts] : std::map<std::string, std::vector<std::string>>{
           {"backbone", {"kind is 'other'", "backbone, classifier"}},
           {"shorter_side", {"preprocessing.resize_rule is 'other'", "shorter_side, stretch"}},
           {"bilinear", {"preprocessing.interpolation is 'other'", "area, bilinear, bicubic"}}}) {
    std::string text = to_json(ModelMetadata{});
    const auto position = text.find("\"" + known + "\"");
    ASSERT_NE(position, std::string::npos) << known;
    text.replace(position + 1, known.size(), "other");
    try {
      parse_metadata(text, "model.pt");
      FAIL() << "expected ModelError for " << known;
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.pt"));
      for (const auto& part : parts) EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }
}

TEST(Classifier, RefusesABackbone) {
  EXPECT_THROW(Classifier(fixture("tiny.pt"), torch::kCPU), ModelError);
}

}  // namespace
}  // namespace transfer
