#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/commands/command.h"
#include "app/commands/config_flags.h"
#include "app/commands/flag_checks.h"
#include "app/compute/arithmetic.h"
#include "app/compute/device.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "app/preparation/reading_messages.h"
#include "app/preparation/sample_range.h"
#include "app/report/prediction_format.h"
#include "core/cancellation.h"
#include "core/count_text.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "core/json_text.h"
#include "core/messages.h"
#include "core/visible_text.h"
#include "datasets/dataset.h"
#include "models/model_path.h"

namespace transfer {
namespace {

enum class OutputFormat { kText, kCsv, kJson };

}  // namespace

template <>
inline constexpr std::array<std::string_view, 3> kNames<OutputFormat> = {"text", "csv", "json"};

namespace {

struct PredictOptions {
  std::string model;
  /// Files, folders, or `-` for a list of paths on stdin.
  std::vector<std::string> paths;
  /// Classes shown for an image, the likeliest first.
  std::int64_t top = 1;
  OutputFormat format = OutputFormat::kText;
  std::string device = Config{}.device;
  std::int64_t threads = 0;
  std::int64_t max_image_bytes = kDefaultMaxImageBytes;
  std::string trust = Config{}.trust;
  std::string trust_file;
  /// Whether an image without a prediction is an error.
  bool strict = false;
};

/// The prediction for one image, one number per output, or why there is none.
struct Prediction {
  std::string path;
  std::vector<float> numbers;
  std::string error;
};

/// All of stdin. Only the end of it ends it, or a request to stop.
std::string read_stdin() {
  std::string text;
  std::array<char, 1 << 16> block;
  while (true) {
    throw_if_stopped();
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(block.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      throw DataError(
          fmt::format("the list on standard input cannot be read: {}. Give it by a "
                      "pipe or a file, or name the images.",
                      std::strerror(errno)));
    }
  }
}

/// The lines of stdin, whatever their line ends; empty ones are left out.
std::vector<std::string> read_list() {
  std::vector<std::string> lines;
  std::istringstream list(read_stdin());
  for (std::string line; std::getline(list, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::vector<Sample> collect_images(const std::vector<std::string>& paths,
                                   std::int64_t max_image_bytes) {
  std::vector<Sample> samples;
  Findings findings;
  const auto add = [&](const std::string& path) {
    // A path that does not exist becomes a row with an error, like any unreadable image.
    if (!is_folder(path)) {
      samples.push_back({path, 0});
      return;
    }
    FolderImages found = list_images(path);
    for (auto& image : found.images) samples.push_back({std::move(image), 0});
    std::move(found.skipped.begin(), found.skipped.end(), std::back_inserter(findings.skipped));
  };
  for (const auto& path : paths) {
    if (path != "-") {
      add(path);
      continue;
    }
    for (const auto& line : read_list()) add(line);
  }
  report_reading(findings);
  if (samples.empty()) throw DataError("no images were found at the paths given.");
  for (Sample& sample : samples) sample.max_bytes = max_image_bytes;
  return samples;
}

std::vector<Prediction> collect(const std::vector<Sample>& samples, const ImageLogits& result,
                                TargetKind kind) {
  const auto predictions = predictions_of(result.logits, kind).contiguous();
  const auto width = static_cast<std::ptrdiff_t>(predictions.size(1));
  std::map<std::int64_t, std::string> errors;
  for (const auto& image : result.broken) errors[image.sample] = image.reason;
  std::vector<Prediction> collected;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Prediction prediction{samples[i].path, {}, {}};
    if (const auto error = errors.find(static_cast<std::int64_t>(i)); error != errors.end()) {
      prediction.error = error->second;
    } else {
      const float* first = predictions.data_ptr<float>() + static_cast<std::ptrdiff_t>(i) * width;
      prediction.numbers.assign(first, first + width);
    }
    collected.push_back(std::move(prediction));
  }
  return collected;
}

std::string csv_line(const std::string& path, const PredictionCells& cells,
                     const std::string& error) {
  std::vector<std::string> fields = {csv_field(path)};
  for (const auto& cell : cells.left) fields.push_back(csv_field(cell));
  fields.push_back(csv_field(error));
  for (const auto& cell : cells.right) fields.push_back(csv_field(cell));
  return fmt::format("{}", fmt::join(fields, ","));
}

void print_csv(const std::vector<Prediction>& predictions, const PredictionFormat& format) {
  const PredictionCells header = format.csv_header();
  PredictionCells blank = header;
  blank.left.assign(header.left.size(), "");
  blank.right.assign(header.right.size(), "");
  fmt::print("{}\n", csv_line("path", header, error_column(header)));
  for (const auto& p : predictions) {
    const bool failed = p.numbers.empty();
    fmt::print("{}\n", csv_line(p.path, failed ? blank : format.csv_cells(p.numbers), p.error));
  }
}

void print_json(const std::vector<Prediction>& predictions, const PredictionFormat& format) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& p : predictions) {
    nlohmann::ordered_json object = {{"path", p.path}};
    if (p.numbers.empty()) {
      object["error"] = p.error;
    } else {
      format.add_json(object, p.numbers);
    }
    list.push_back(std::move(object));
  }
  fmt::print("{}", json_text(list));
}

/// A reason that begins with the image's path, without it.
std::string without_path(const std::string& reason, const std::string& path) {
  return reason.starts_with(path + ": ") ? reason.substr(path.size() + 2) : reason;
}

void print_text(const std::vector<Prediction>& predictions, const PredictionFormat& format) {
  for (const auto& p : predictions) {
    const std::string text =
        p.numbers.empty() ? " error: " + without_path(p.error, p.path) : format.text(p.numbers);
    fmt::print("{}:{}\n", visible(p.path), visible(text));
  }
}

/// Says how many images have no prediction. Throws DataError where none has one, and with `strict`.
void report_failures(const std::vector<Prediction>& predictions, bool strict) {
  std::vector<std::string> failed;
  std::string first_reason;
  for (const Prediction& p : predictions) {
    if (!p.numbers.empty()) continue;
    if (failed.empty()) first_reason = p.error;
    failed.push_back(p.path);
  }
  if (failed.empty()) return;
  if (failed.size() == predictions.size()) {
    throw DataError(failed.size() == 1
                        ? first_reason
                        : fmt::format("none of the {} images can be read. The first: {}",
                                      failed.size(), first_reason));
  }
  const std::string text = fmt::format("{} of {} have no prediction: {}", failed.size(),
                                       count_text(predictions.size(), "image"), first_five(failed));
  if (strict) throw DataError(text + ". Leave out --strict to accept that.");
  warn("{}", text);
}

int run_predict(const PredictOptions& options) {
  const Trust trust = model_trust(options.trust, options.trust_file);
  const auto device = choose_device(options.device);
  set_arithmetic(device, {});
  const auto threads = use_threads(options.threads);
  const auto samples = collect_images(options.paths, options.max_image_bytes);
  const Classifier model(model_path(options.model), device, trust);
  const TargetKind kind = model.metadata().objective.targets();
  report_sample_values(samples, model.metadata().preprocessing, threads);
  const auto result = model_logits(model, samples, device, threads, "predict");
  const auto predictions = collect(samples, result, kind);
  const auto format = prediction_format(kind, model.metadata().classes, options.top);
  switch (options.format) {
    case OutputFormat::kText: print_text(predictions, *format); break;
    case OutputFormat::kCsv: print_csv(predictions, *format); break;
    case OutputFormat::kJson: print_json(predictions, *format); break;
  }
  report_failures(predictions, options.strict);
  return 0;
}

CommandRun add_predict_flags(CLI::App& parser) {
  auto options = std::make_shared<PredictOptions>();
  parser.add_option("--model", options->model, "A run directory, or its model.pt")
      ->type_name("FOLDER|FILE")
      ->required();
  parser.add_option("paths", options->paths, "Files, folders, or - for a list on stdin")
      ->required();
  parser.add_option("--top", options->top, "Classes per image, the likeliest first")
      ->type_name("N")
      ->capture_default_str()
      ->transform(whole_number(1, 1'000'000));
  auto* format = add_choice(parser, "--format", options->format, "text, csv or json")
                     ->default_str(std::string(name_of(options->format)));
  parser
      .add_flag_callback(
          "--json", [options] { options->format = OutputFormat::kJson; },
          "The same as --format json")
      ->excludes(format);
  parser.add_flag(
      "--strict", options->strict,
      "End with exit status 3 where any image has no prediction, not only where all have none");
  add_machine_flags(parser, options->device, options->threads);
  add_image_limit(parser, options->max_image_bytes);
  add_trust_flags(parser, options->trust, options->trust_file);
  return [options](const auto&) { return run_predict(*options); };
}

}  // namespace

Command predict_command() {
  return {"predict", "Classify images with a trained model", add_predict_flags};
}

}  // namespace transfer
