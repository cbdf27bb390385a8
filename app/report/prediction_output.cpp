#include "app/report/prediction_output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/count_text.h"
#include "core/errors.h"
#include "core/messages.h"
#include "datasets/findings.h"

namespace transfer {
namespace {

RowEnd row_end_of(PredictionLayout layout) {
  return layout == PredictionLayout::kCsv ? RowEnd::kUnquotedLineBreak : RowEnd::kLineBreak;
}

/// At once, so that a reader sees what there is.
void print(const std::string& text) {
  fmt::print("{}", text);
  if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
}

}  // namespace

PredictionOutput::PredictionOutput(const PredictionOutputOptions& options,
                                   std::unique_ptr<PredictionFormat> format,
                                   const std::vector<Sample>& samples,
                                   const GrowingFile::Identity& identity)
    : samples_(samples),
      path_(options.file),
      format_(std::move(format)),
      text_(options.layout, *format_) {
  if (options.file.empty()) return;
  file_.emplace(options.resume
                    ? GrowingFile::go_on(options.file, identity, row_end_of(options.layout),
                                         [this](std::string_view row) { take_row(row); })
                    : GrowingFile::begin(options.file, identity,
                                         /*kept=*/options.layout != PredictionLayout::kJson));
  images_ = images_before_;
}

void PredictionOutput::take_row(std::string_view row) {
  if (!has_begun_) {
    has_begun_ = true;
    const std::string beginning = text_.beginning();
    if (!beginning.empty()) {
      if (row != beginning) throw_other_rows();
      return;
    }
  }
  if (images_before_ == samples_.size()) throw_other_rows();
  const std::string& path = samples_[images_before_].path;
  const auto error = text_.error_in(row, path);
  if (!error) throw_other_rows();
  ++images_before_;
  if (!error->empty()) add_failure(path, *error);
}

void PredictionOutput::add_failure(const std::string& path, const std::string& reason) {
  if (failed_.empty()) first_reason_ = reason;
  failed_.push_back(path);
}

void PredictionOutput::throw_other_rows() const {
  throw DataError(fmt::format(
      "{}.part: row {} is not that of the image. The file was changed; leave out --resume to begin "
      "anew.",
      path_.string(), images_before_ + 1));
}

void PredictionOutput::write(const std::string& text) {
  if (file_) {
    file_->append(text);
  } else {
    print(text);
  }
}

void PredictionOutput::add(const std::vector<Prediction>& predictions) {
  std::string text = has_begun_ ? "" : text_.beginning();
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    text += text_.row(predictions[i], images_ + i == 0);
  }
  write(text);
  has_begun_ = true;
  images_ += predictions.size();
  for (const Prediction& prediction : predictions) {
    if (prediction.numbers.empty()) add_failure(prediction.path, prediction.error);
  }
}

void PredictionOutput::finish() {
  write(text_.ending());
  if (file_) file_->commit();
}

void PredictionOutput::report_failures(bool strict) const {
  if (failed_.empty()) return;
  if (failed_.size() == images_) {
    throw DataError(images_ == 1 ? first_reason_
                                 : fmt::format("none of the {} images can be read. The first: {}",
                                               images_, first_reason_));
  }
  const std::string text = fmt::format("{} of {} have no prediction: {}", failed_.size(),
                                       count_text(images_, "image"), first_five(failed_));
  if (strict) throw DataError(text + ". Leave out --strict to accept that.");
  warn("{}", text);
}

}  // namespace transfer
