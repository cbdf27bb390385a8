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
                                   const GrowingFile::Identity& identity)
    : format_(std::move(format)), text_(options.layout, *format_) {
  if (options.file.empty()) return;
  file_.emplace(options.resume
                    ? GrowingFile::go_on(options.file, identity, row_end_of(options.layout),
                                         [this](std::string_view row) { take_row(row); })
                    : GrowingFile::begin(options.file, identity));
  images_ = images_before_;
}

void PredictionOutput::take_row(std::string_view row) {
  if (!has_begun_) {
    has_begun_ = true;
    if (!text_.beginning().empty()) return;
  }
  ++images_before_;
  if (auto failure = text_.failure(row)) {
    if (failed_.empty()) first_reason_ = failure->error;
    failed_.push_back(failure->path);
  }
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
  for (const Prediction& prediction : predictions) {
    text += text_.row(prediction, images_ == 0);
    ++images_;
    if (!prediction.numbers.empty()) continue;
    if (failed_.empty()) first_reason_ = prediction.error;
    failed_.push_back(prediction.path);
  }
  has_begun_ = true;
  write(text);
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
