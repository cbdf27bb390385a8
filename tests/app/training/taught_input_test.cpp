#include "app/training/taught_input.h"

#include <gmock/gmock.h>

#include "app/training/image_input.h"
#include "app/training/training_batches.h"
#include "app/training/training_step.h"
#include "datasets/image_array.h"
#include "tests/app/thread_group.h"
#include "tests/app/tiny_network.h"

namespace transfer {
namespace {

constexpr std::int64_t kImages = 11;

/// Smooth grey images in memory, each unlike the others and its own mirror image.
Dataset smooth_images() {
  auto array = std::make_shared<ImageArray>();
  array->height = 96;
  array->width = 96;
  for (std::int64_t i = 0; i < kImages; ++i) {
    for (std::int64_t y = 0; y < 96; ++y) {
      for (std::int64_t x = 0; x < 96; ++x) {
        array->pixels += static_cast<char>((x + y * (i + 1) / 11 + 10 * i) % 256 / 2);
      }
    }
  }
  Dataset dataset;
  dataset.classes = {"a", "b", "c"};
  for (std::int64_t i = 0; i < kImages; ++i) {
    Sample sample{"images#" + std::to_string(i), i % 3};
    sample.array = array;
    sample.position = i;
    dataset.train.push_back(sample);
  }
  return dataset;
}

/// A model of the classes c, a, b for images of `size` pixels a side, for a network of a, b, c.
std::shared_ptr<const Teacher> teacher_of(std::int64_t size, const Preprocessing& student) {
  const auto backbone = fixture_backbone("tiny.pt").with_input_size(size);
  torch::manual_seed(5);
  const Head head = linear_head(torch::randn({3, backbone.feature_count()}), torch::randn({3}));
  const std::string file = testing::TempDir() + "/teacher.pt";
  write_classifier(backbone, "", head, {"c", "a", "b"}, file);
  return std::make_shared<const Teacher>(Classifier(file, torch::kCPU), TeacherFile{file, "hash"},
                                         student, std::vector<std::int64_t>{1, 2, 0}, torch::kCPU,
                                         Fusion::kOff);
}

/// All batches of an epoch, four images each.
std::vector<Batch> batches_of(TaughtInput& input, const Config& config, const Dataset& dataset,
                              const Preprocessing& preprocessing, std::int64_t epoch) {
  const auto reader = input.read(
      training_batches(config, preprocessing, class_labels(dataset.train), /*threads=*/1, epoch));
  std::vector<Batch> batches;
  while (auto batch = reader->next()) batches.push_back(*std::move(batch));
  return batches;
}

class TaughtBatches : public testing::Test {
 protected:
  TaughtBatches() { config_.train.batch_size = 4; }

  TaughtInput input(ProcessGroup& group) const {
    return {std::make_unique<ImageInput>(dataset_, student_, TrainedPart{}, torch::kCPU, 1,
                                         Fusion::kOff),
            teacher_,
            dataset_,
            config_,
            torch::kCPU,
            1,
            group};
  }
  std::vector<Batch> batches(std::int64_t epoch) const {
    const auto group = single_process();
    TaughtInput taught = input(*group);
    EXPECT_EQ(taught.teacher(), teacher_.get());
    return batches_of(taught, config_, dataset_, student_, epoch);
  }

  Dataset dataset_ = smooth_images();
  Preprocessing student_ = fixture_backbone("tiny.pt").metadata().preprocessing;
  std::shared_ptr<const Teacher> teacher_ = teacher_of(64, student_);
  Config config_;
};

/// What the model's file says by itself of all images, its classes in the network's order.
torch::Tensor own_answers(const Teacher& teacher, const Dataset& dataset) {
  LoaderOptions options;
  options.preprocessing = teacher.metadata().preprocessing;
  options.batch_size = kImages;
  Loader loader(dataset.train, options);
  const Classifier model(teacher.file().path, torch::kCPU);
  return model.logits(loader.next().value().images).index_select(1, torch::tensor({1, 2, 0}));
}

TEST_F(TaughtBatches, ImagesThatRepeatBringWhatTheTeacherSaysOfThem) {
  const auto expected = own_answers(*teacher_, dataset_);
  for (const std::int64_t epoch : {0, 1}) {
    std::int64_t rows = 0;
    for (const Batch& batch : batches(epoch)) {
      EXPECT_FALSE(batch.teacher_images.defined());
      ASSERT_TRUE(batch.teacher_logits.defined());
      EXPECT_LT(largest_difference(batch.teacher_logits,
                                   expected.index_select(0, torch::tensor(batch.samples))),
                1e-4);
      rows += batch.count;
    }
    EXPECT_EQ(rows, kImages);
  }
}

TEST_F(TaughtBatches, ProcessesDivideTheQuestions) {
  const auto expected = own_answers(*teacher_, dataset_);
  ThreadGroup::run(2, [&](ProcessGroup& group) {
    TaughtInput taught = input(group);
    for (const Batch& batch : batches_of(taught, config_, dataset_, student_, 0)) {
      EXPECT_LT(largest_difference(batch.teacher_logits,
                                   expected.index_select(0, torch::tensor(batch.samples))),
                1e-4);
    }
  });
}

TEST_F(TaughtBatches, EveryAugmentedViewHasItsAnswers) {
  config_.augment.views = 1;
  config_.augment.flip_horizontal = 1;
  const auto original = batches(0);
  const auto mirrored = batches(1);
  const auto expected = own_answers(*teacher_, dataset_);
  EXPECT_LT(largest_difference(original.front().teacher_logits,
                               expected.index_select(0, torch::tensor(original.front().samples))),
            1e-4);
  EXPECT_GT(largest_difference(mirrored.front().teacher_logits,
                               expected.index_select(0, torch::tensor(mirrored.front().samples))),
            1e-2);
}

TEST_F(TaughtBatches, AugmentedImagesComeInTheTeachersSizeChangedInTheSameWay) {
  config_.augment.flip_horizontal = 0.5;
  config_.augment.crop = 1;
  config_.augment.rotate = 0.5;
  config_.augment.brightness = 0.5;
  config_.augment.erase = 0.5;
  for (const Batch& batch : batches(3)) {
    EXPECT_FALSE(batch.teacher_logits.defined());
    ASSERT_EQ(batch.teacher_images.sizes(), (std::vector<std::int64_t>{batch.count, 3, 64, 64}));
    const auto smaller = at::_upsample_bilinear2d_aa(batch.teacher_images, {32, 32}, false);
    const auto distance = [&](const torch::Tensor& images) {
      return (smaller - images).abs().mean().item<double>();
    };
    // An edge lies a pixel further in one of them; images changed otherwise differ everywhere.
    EXPECT_LT(distance(batch.images), 0.1);
    EXPECT_GT(distance(batch.images.flip(0)), 2 * distance(batch.images));
  }
}

TEST_F(TaughtBatches, TheStepMixesTheTeachersImagesAsItMixesTheOthers) {
  config_.strategy = "fine-tune";
  config_.augment.mixup = 1;
  config_.augment.cutmix = 1;
  config_.train.teacher_weight = 1;
  config_.train.optimizer = Optimizer::kSgd;
  auto options = five_classes(BatchNorm::kFrozen);
  options.classes = 3;
  TrainableNetwork network(fixture_backbone("steady.pt"), options, torch::kCPU);
  TrainingStep step(network, config_, 3, {}, torch::kCPU);
  step.use_teacher(teacher_.get());
  step.train_from(0);
  for (const Batch& batch : batches(0)) {
    ASSERT_TRUE(batch.teacher_images.defined()) << "mixed images never repeat";
    const BatchLoss loss = step.add(batch, 7);
    step.discard();
    EXPECT_GT(loss.sum, 0);
    EXPECT_NEAR(loss.weight, static_cast<double>(batch.count), 1e-4);
  }
}

TEST(Teacher, SeesTheStudentsPartOfTheImageInItsOwnPixels) {
  Preprocessing student;
  student.height = 96;
  student.width = 96;
  student.resize = 110;
  Preprocessing teacher;
  teacher.mean = {0, 0, 0};
  teacher.resize_rule = ResizeRule::kStretch;
  const Preprocessing view = teachers_view(student, teacher);
  EXPECT_EQ(view.height, 224);
  EXPECT_EQ(view.width, 224);
  EXPECT_EQ(view.resize, 257);
  EXPECT_EQ(view.resize_rule, ResizeRule::kShorterSide);
  EXPECT_EQ(view.mean, teacher.mean);
  // Of other proportions: as large as covers the teacher's input, which it is then resized to.
  student.width = 192;
  EXPECT_EQ(teachers_view(student, teacher).height, 224);
  EXPECT_EQ(teachers_view(student, teacher).width, 448);
  const auto small = teacher_of(64, student);
  const auto images = torch::randn({3, 3, 64, 128});
  const auto resized = at::_upsample_bilinear2d_aa(images, {64, 64}, false);
  EXPECT_LT(largest_difference(small->logits(images), small->logits(resized)), 1e-4);
}

}  // namespace
}  // namespace transfer
