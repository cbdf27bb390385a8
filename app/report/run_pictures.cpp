#include "app/report/run_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "app/report/confusion_picture.h"
#include "app/report/drawing.h"
#include "app/report/epoch_curves.h"
#include "app/report/image_sheet.h"
#include "app/report/judged_prediction.h"
#include "core/atomic_file.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"
#include "core/run_files.h"
#include "datasets/target_text.h"
#include "models/classifier.h"

namespace transfer {
namespace {

constexpr std::size_t kMostMistakes = 24;
constexpr std::size_t kBatchImages = 18;

/// The images of a sheet, with truth and prediction in words.
class SheetWriter {
 public:
  explicit SheetWriter(const ShownSplit& split)
      : split_(split),
        kind_(split.objective.targets()),
        names_(drawing::drawable_names(split.classes)),
        predictions_(predictions_of(split.outputs, kind_).contiguous()) {}

  SheetImage image(std::int64_t position) const {
    const Sample& sample = split_.samples[static_cast<std::size_t>(position)];
    const auto width = static_cast<std::ptrdiff_t>(names_.size());
    const float* first = predictions_.data_ptr<float>() + position * width;
    const std::vector<float> numbers(first, first + width);
    if (kind_ == TargetKind::kValues) {
      Sample predicted = sample;
      predicted.targets = numbers;
      return {sample,
              name_of_image(position),
              {"true: " + target_text(sample, names_, kind_),
               "pred: " + target_text(predicted, names_, kind_)}};
    }
    const JudgedPrediction judged = judge(sample, numbers, names_, split_.objective);
    const std::string confidence = fmt::format("{:.0f} % ", 100 * judged.confidence);
    return {sample,
            name_of_image(position),
            {"true: " + or_none(target_text(sample, names_, kind_)),
             "pred: " + confidence + or_none(judged.text)},
            judged.is_correct ? SheetImage::Mark::kRight : SheetImage::Mark::kWrong};
  }

  void write(const std::string& title, const std::vector<SheetImage>& images,
             const std::filesystem::path& file) const {
    write_image_sheet(title, images, drawing::legend_of_numbers(names_), split_.preprocessing,
                      file);
  }

 private:
  /// The name of its file, or its row in predictions_val.csv where the font lacks the letters.
  std::string name_of_image(std::int64_t position) const {
    const std::filesystem::path path(split_.samples[static_cast<std::size_t>(position)].path);
    const std::string name = drawing::ascii_text(path.filename().string());
    if (!name.empty()) return name;
    const auto rows = split_.truth.labels.narrow(0, 0, position + 1).ge(0).sum();
    return fmt::format("predictions row {}", rows.item<std::int64_t>());
  }

  static std::string or_none(const std::string& labels) { return labels.empty() ? "none" : labels; }

  const ShownSplit& split_;
  TargetKind kind_;
  std::vector<std::string> names_;
  torch::Tensor predictions_;
};

/// The images of the highest losses: those that are wrong, or of numbers all.
void write_worst_mistakes(const ShownSplit& split, const std::filesystem::path& file) {
  const SheetWriter writer(split);
  const torch::Tensor loss =
      loss_of_each(split.truth, split.outputs, split.objective.targets()).contiguous();
  const torch::Tensor counted = split.truth.counted();
  const torch::Tensor order =
      counted.index_select(0, loss.index_select(0, counted).argsort(0, /*descending=*/true));
  std::vector<SheetImage> images;
  bool are_mistakes = false;
  for (std::int64_t i = 0; i < order.size(0) && images.size() < kMostMistakes; ++i) {
    const auto position = order[i].item<std::int64_t>();
    SheetImage image = writer.image(position);
    const bool is_mistake = image.mark != SheetImage::Mark::kRight;
    if (are_mistakes && !is_mistake) continue;
    if (is_mistake && !are_mistakes) images.clear();
    are_mistakes = are_mistakes || is_mistake;
    image.lines.push_back(fmt::format("loss {:.3g}", loss[position].item<float>()));
    images.push_back(std::move(image));
  }
  const bool is_numbers = split.objective.targets() == TargetKind::kValues;
  writer.write(is_numbers     ? "validation images with the largest errors"
               : are_mistakes ? "validation mistakes of the highest loss"
                              : "no mistakes; validation images of the highest loss",
               images, file);
}

/// Images evenly spread over the split.
void write_val_batch(const ShownSplit& split, const std::filesystem::path& file) {
  const SheetWriter writer(split);
  const torch::Tensor counted = split.truth.counted();
  const auto all = static_cast<std::size_t>(counted.size(0));
  const std::size_t count = std::min(kBatchImages, all);
  std::vector<SheetImage> images;
  for (std::size_t i = 0; i < count; ++i) {
    const auto position = static_cast<std::int64_t>((2 * i + 1) * all / (2 * count));
    images.push_back(writer.image(counted[position].item<std::int64_t>()));
  }
  writer.write("validation images as the network sees them", images, file);
}

void write_confusion_matrix(const ShownSplit& split, const std::filesystem::path& file) {
  const auto& metrics = std::get<ClassificationMetrics>(split.metrics);
  write_confusion_picture(metrics.confusion_matrix, split.classes,
                          fmt::format("{} validation images, accuracy {:.2f} %", metrics.images,
                                      100 * metrics.accuracy),
                          file);
}

/// What a stopped program throws goes on; anything else, such as a full disk or too little memory,
/// costs the picture alone.
bool draw_or_warn(const std::filesystem::path& file, const std::function<void()>& draw) {
  try {
    throw_if_stopped();
    draw();
    return true;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    warn("{}: the picture could not be drawn: {}", file.string(), error.what());
    return false;
  }
}

}  // namespace

torch::Tensor loss_of_each(const Truth& truth, const torch::Tensor& outputs, TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass:
      return -outputs.log_softmax(1).gather(1, truth.labels.clamp_min(0).unsqueeze(1)).squeeze(1);
    case TargetKind::kLabels:
      return torch::binary_cross_entropy_with_logits(outputs, truth.targets, {}, {},
                                                     at::Reduction::None)
          .sum(1);
    case TargetKind::kValues: break;
  }
  const torch::Tensor deviation =
      truth.targets.index_select(0, truth.counted()).std(0, /*unbiased=*/false).clamp_min(1e-12);
  return ((outputs - truth.targets) / deviation).square().mean(1);
}

std::vector<std::string> write_pictures(const RunDirectory& run, const ShownSplit& val,
                                        std::int64_t best_epoch) {
  std::vector<std::string> written;
  const auto draw = [&](const char* name, const auto& write) {
    const auto file = run.file(name);
    if (draw_or_warn(file, [&] { write(file); })) written.emplace_back(name);
  };
  draw(run_file::kCurves, [&](const auto& file) {
    write_epoch_curves(read_file(run.file(run_file::kMetrics)), best_epoch, file);
  });
  const bool has_matrix = std::holds_alternative<ClassificationMetrics>(val.metrics) &&
                          val.classes.size() <= kMostClassesDrawn;
  if (has_matrix) {
    draw(run_file::kConfusionMatrix, [&](const auto& file) { write_confusion_matrix(val, file); });
  }
  draw(run_file::kWorstMistakes, [&](const auto& file) { write_worst_mistakes(val, file); });
  draw(run_file::kValBatch, [&](const auto& file) { write_val_batch(val, file); });
  return written;
}

}  // namespace transfer
