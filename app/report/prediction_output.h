#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/report/growing_file.h"
#include "app/report/prediction_text.h"
#include "datasets/dataset.h"

namespace transfer {

/// Where predictions go and in which form.
struct PredictionOutputOptions {
  /// Empty: stdout.
  std::filesystem::path file;
  PredictionLayout layout = PredictionLayout::kText;
  /// Whether to go on with what a killed process left of `file`.
  bool resume = false;
};

/// Predictions on their way to stdout or a file, image by image, and what was said of those without
/// one. Not thread-safe.
class PredictionOutput {
 public:
  /// `samples` are all images, which must outlive the result, `identity` what the predictions
  /// depend on. Throws as GrowingFile does, and DataError where the file to go on with does not
  /// hold the first of the images.
  PredictionOutput(const PredictionOutputOptions& options, std::unique_ptr<PredictionFormat> format,
                   const std::vector<Sample>& samples, const GrowingFile::Identity& identity);

  /// How many images the file to go on with has predictions or errors of.
  std::size_t images_before() const { return images_before_; }

  /// Adds consecutive images. They are written at once. Throws OutputError, and std::system_error
  /// where stdout cannot be written.
  void add(const std::vector<Prediction>& predictions);

  /// Ends the output, and gives the file its name. Throws like add().
  void finish();

  /// Says how many images have no prediction. Throws DataError where none has one, and with
  /// `strict`.
  void report_failures(bool strict) const;

 private:
  void write(const std::string& text);
  /// Takes what an earlier process wrote.
  void take_row(std::string_view row);
  [[noreturn]] void throw_other_rows() const;
  void add_failure(const std::string& path, const std::string& reason);

  const std::vector<Sample>& samples_;
  std::filesystem::path path_;
  std::unique_ptr<PredictionFormat> format_;
  PredictionText text_;
  std::optional<GrowingFile> file_;
  std::size_t images_before_ = 0;
  std::size_t images_ = 0;
  bool has_begun_ = false;
  /// Paths of images without a prediction, and why the first has none.
  std::vector<std::string> failed_;
  std::string first_reason_;
};

}  // namespace transfer
