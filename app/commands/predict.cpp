#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/compute/device.h"
#include "app/features/model_logits.h"
#include "core/cancellation.h"
#include "core/csv.h"
#include "core/errors.h"
#include "core/file_kind.h"
#include "datasets/dataset.h"

namespace transfer {
namespace {

struct Ranked {
  std::string name;
  double probability = 0;
};

/// One picture's likeliest classes, or why there are none.
struct Prediction {
  std::string path;
  std::vector<Ranked> ranked;
  std::string error;
};

/// The lines of stdin, however they end; empty ones are left out.
std::vector<std::string> read_list() {
  std::vector<std::string> lines;
  std::string line;
  throw_if_stopped();
  while (std::getline(std::cin, line)) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
    throw_if_stopped();
  }
  throw_if_stopped();  // a signal ends the reading as the end of the list does
  return lines;
}

std::vector<Sample> collect_pictures(const std::vector<std::string>& paths) {
  std::vector<Sample> samples;
  const auto add = [&samples](const std::string& path) {
    // A path that does not exist becomes a row with an error, like any unreadable picture.
    if (!is_folder(path)) {
      samples.push_back({path, 0});
      return;
    }
    for (const auto& picture : list_pictures(path)) samples.push_back({picture, 0});
  };
  for (const auto& path : paths) {
    if (path != "-") {
      add(path);
      continue;
    }
    for (const auto& line : read_list()) add(line);
  }
  if (samples.empty()) throw DataError("no pictures were found at the paths given.");
  return samples;
}

std::vector<Prediction> rank(const std::vector<Sample>& samples, const PictureLogits& result,
                             const std::vector<std::string>& classes, std::int64_t top) {
  const auto count = std::min<std::int64_t>(top, static_cast<std::int64_t>(classes.size()));
  const auto [probabilities, positions] = torch::softmax(result.logits, 1).topk(count, 1);
  std::map<std::int64_t, std::string> errors;
  for (const auto& picture : result.broken) errors[picture.sample] = picture.reason;
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    Prediction prediction{samples[i].path, {}, {}};
    if (const auto error = errors.find(row); error != errors.end()) {
      prediction.error = error->second;
    } else {
      for (std::int64_t k = 0; k < count; ++k) {
        prediction.ranked.push_back(
            {classes[static_cast<std::size_t>(positions[row][k].item<std::int64_t>())],
             probabilities[row][k].item<double>()});
      }
    }
    predictions.push_back(std::move(prediction));
  }
  return predictions;
}

/// `path,class,probability,error`; the second to last classes follow as `class_2,probability_2`, …
void print_csv(const std::vector<Prediction>& predictions, std::size_t top) {
  fmt::print("path,class,probability,error");
  for (std::size_t k = 2; k <= top; ++k) fmt::print(",class_{},probability_{}", k, k);
  fmt::print("\n");
  for (const auto& p : predictions) {
    const bool failed = p.ranked.empty();
    fmt::print("{},{},{},{}", csv_field(p.path), failed ? "" : csv_field(p.ranked[0].name),
               failed ? "" : fmt::format("{:.6f}", p.ranked[0].probability), csv_field(p.error));
    for (std::size_t k = 1; k < top; ++k) {
      if (failed) {
        fmt::print(",,");
      } else {
        fmt::print(",{},{:.6f}", csv_field(p.ranked[k].name), p.ranked[k].probability);
      }
    }
    fmt::print("\n");
  }
}

void print_json(const std::vector<Prediction>& predictions) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& p : predictions) {
    nlohmann::ordered_json object = {{"path", p.path}};
    if (p.ranked.empty()) {
      object["error"] = p.error;
    } else {
      object["class"] = p.ranked[0].name;
      object["probability"] = p.ranked[0].probability;
      object["top"] = nlohmann::ordered_json::array();
      for (const auto& r : p.ranked) {
        object["top"].push_back({{"class", r.name}, {"probability", r.probability}});
      }
    }
    list.push_back(std::move(object));
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void print_text(const std::vector<Prediction>& predictions) {
  for (const auto& p : predictions) {
    fmt::print("{}:", p.path);
    if (p.ranked.empty()) fmt::print(" error: {}", p.error);
    for (const auto& r : p.ranked) fmt::print("  {} {:.2f} %", r.name, 100 * r.probability);
    fmt::print("\n");
  }
}

}  // namespace

int run_predict(const PredictOptions& options) {
  const auto device = choose_device(options.device);
  const auto threads = use_threads(options.threads);
  const auto samples = collect_pictures(options.paths);
  const Classifier model(options.model, device);
  const auto& classes = model.metadata().classes;
  const auto result = model_logits(model, samples, device, threads, "predict");
  const auto predictions = rank(samples, result, classes, options.top);
  if (options.format == "csv") {
    print_csv(predictions, std::min(static_cast<std::size_t>(options.top), classes.size()));
  } else if (options.format == "json") {
    print_json(predictions);
  } else {
    print_text(predictions);
  }
  if (result.broken.size() == samples.size()) {
    throw DataError(fmt::format("none of the {} pictures can be read. The first: {}",
                                samples.size(), result.broken.front().reason));
  }
  return 0;
}

}  // namespace transfer
