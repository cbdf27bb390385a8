#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/report/html_page.h"
#include "app/serving/received_files.h"
#include "app/serving/service.h"
#include "core/count_text.h"
#include "core/errors.h"
#include "core/lack_of_resources.h"
#include "core/messages.h"
#include "datasets/formats/oversized_image.h"
#include "datasets/received_image.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// POST /predict while its images are in the queue. The worker that has the last of them answers.
struct PendingPredictions {
  std::shared_ptr<OpenRequest> open;
  std::shared_ptr<const ServedModel> model;
  std::int64_t top = 0;
  std::vector<ImageOutcome> outcomes;
  std::atomic<std::size_t> left = 0;
};

std::vector<ReceivedFile> received_files(const HttpRequest& request, std::int64_t most_files) {
  try {
    return files_of(request, static_cast<std::size_t>(most_files));
  } catch (const MalformedBody& found) {
    throw Refusal{found.status, found.message};
  }
}

/// `top` of the query; all classes without it.
std::int64_t classes_wanted(const HttpRequest& request, const ServedModel& model) {
  const auto all = static_cast<std::int64_t>(model.metadata().classes.size());
  const auto text = request.parameter("top");
  if (!text) return all;
  std::int64_t top = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, top);
  if (read.ec != std::errc() || read.ptr != end || top < 1) {
    throw Refusal{
        400, fmt::format("top: found '{}', expected a whole number of classes from 1 on.", *text)};
  }
  return std::min(top, all);
}

ordered_json object_of_outcome(const ImageOutcome& outcome, const PredictionFormat& format) {
  ordered_json object = {{"name", outcome.prediction.path}};
  if (outcome.status == 200) {
    format.add_json(object, outcome.prediction);
  } else {
    object["status"] = outcome.status;
    object["error"] = outcome.prediction.error;
  }
  return object;
}

HttpAnswer answer_of(const PendingPredictions& pending) {
  const auto& outcomes = pending.outcomes;
  const bool has_any = std::any_of(outcomes.begin(), outcomes.end(),
                                   [](const auto& outcome) { return outcome.status == 200; });
  if (!has_any) {
    const ImageOutcome& first = outcomes.front();
    const std::string reason = first.prediction.error;
    return refusal(first.status, outcomes.size() == 1
                                     ? reason
                                     : fmt::format("none of the {} can be used. The first: {}",
                                                   count_text(outcomes.size(), "image"), reason));
  }
  const auto format = pending.model->format(pending.top);
  ordered_json images = ordered_json::array();
  for (const ImageOutcome& outcome : outcomes)
    images.push_back(object_of_outcome(outcome, *format));
  return json_answer({{"model", pending.model->source().name}, {"images", images}});
}

void take_outcome(PendingPredictions& pending, std::size_t position, ImageOutcome outcome) {
  pending.outcomes[position] = std::move(outcome);
  if (pending.left.fetch_sub(1) > 1) return;
  HttpAnswer answer;
  try {
    answer = answer_of(pending);
  } catch (const std::exception& error) {
    warn("/predict: {}", error.what());
    answer = refusal(500, "the server failed to answer; its messages say why.");
  }
  pending.open->reply(std::move(answer));
}

/// How an explanation is to be sent.
bool wants_json(const HttpRequest& request) {
  const std::string format = request.parameter("format").value_or("");
  if (format == "json") return true;
  if (format == "jpeg") return false;
  if (!format.empty()) {
    throw Refusal{400, fmt::format("format: found '{}', expected json or jpeg.", format)};
  }
  return request.accept.find("application/json") != std::string::npos;
}

MapMethod wanted_method(const HttpRequest& request) {
  const std::string name = request.parameter("method").value_or("gradcam");
  const auto method = parse_name<MapMethod>(name);
  if (method) return *method;
  throw Refusal{400,
                fmt::format("method: found '{}', expected gradcam, layercam or eigencam.", name)};
}

HttpAnswer explanation_answer(const ServedModel& model, const ReceivedFile& file,
                              const HttpRequest& request, MapMethod method, bool as_json) {
  const Explanation found =
      model.explain(file.bytes, file.name, request.parameter("class"), method);
  if (!as_json) return {200, "image/jpeg", found.overlay_jpeg};
  return json_answer({{"model", model.source().name},
                      {"name", file.name},
                      {"output", found.output},
                      {"value", found.value},
                      {"stage", found.stage},
                      {"method", name_of(method)},
                      {"overlay", data_address("image/jpeg", found.overlay_jpeg)}});
}

/// The same, with a refusal for what goes wrong.
HttpAnswer explanation_or_refusal(const ServedModel& model, const ReceivedFile& file,
                                  const HttpRequest& request, MapMethod method, bool as_json) {
  try {
    return explanation_answer(model, file, request, method, as_json);
  } catch (const OversizedImage& error) {
    return refusal(413, error.what());
  } catch (const DataError& error) {
    return refusal(begins_as_image(file.bytes) ? 400 : 415, error.what());
  } catch (const ConfigError& error) {
    return refusal(404, error.what());
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) return refusal(503, "there is too little memory.");
    warn("/explain: {}", error.what());
    return refusal(500, "the server failed to answer; its messages say why.");
  }
}

}  // namespace

std::optional<HttpAnswer> Service::predict(const std::shared_ptr<OpenRequest>& open) {
  require_known_parameters(open->request, {"model", "top"});
  const auto pending = std::make_shared<PendingPredictions>();
  pending->open = open;
  pending->model = model_of(open->request, models_);
  pending->top = classes_wanted(open->request, *pending->model);
  const auto files = received_files(open->request, limits_.images_per_request);
  pending->outcomes.resize(files.size());
  pending->left = files.size();
  std::vector<ImageTask> tasks;
  for (std::size_t i = 0; i < files.size(); ++i) {
    tasks.push_back(
        {pending->model, files[i].name, files[i].bytes, [open] { return open->is_wanted.load(); },
         [pending, i](ImageOutcome outcome) { take_outcome(*pending, i, std::move(outcome)); }});
  }
  if (images_->try_add(std::move(tasks))) return std::nullopt;
  return refusal(429, fmt::format("{} wait already, and no more may. Try again later.",
                                  count_text(images_->waiting(), "image")));
}

std::optional<HttpAnswer> Service::explain(const std::shared_ptr<OpenRequest>& open) {
  const HttpRequest& request = open->request;
  require_known_parameters(request, {"model", "class", "method", "format"});
  const auto model = model_of(request, models_);
  if (!model->why_unexplained().empty()) {
    throw Refusal{404, fmt::format("the model {} is not explained: {}.", model->source().name,
                                   model->why_unexplained())};
  }
  const auto method = wanted_method(request);
  const bool as_json = wants_json(request);
  const auto files = received_files(request, limits_.images_per_request);
  if (files.size() != 1) {
    throw Refusal{400, fmt::format("found {}, expected one image to explain.",
                                   count_text(files.size(), "file"))};
  }
  const bool is_added =
      explanations_->try_add([open, model, method, as_json, file = files.front()] {
        if (!open->is_wanted) return;
        open->reply(explanation_or_refusal(*model, file, open->request, method, as_json));
      });
  if (is_added) return std::nullopt;
  return refusal(429, "too many explanations wait already. Try again later.");
}

}  // namespace transfer
