#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/serving/access_token.h"
#include "app/serving/http_message.h"
#include "app/serving/inference_queue.h"
#include "app/serving/served_models.h"
#include "app/serving/serving_metrics.h"
#include "app/serving/serving_options.h"
#include "app/serving/task_queue.h"

namespace transfer {

/// A request that is being answered.
struct OpenRequest {
  HttpRequest request;
  /// Cleared when its client's patience is over: work on it that has not begun is left out.
  std::atomic<bool> is_wanted = true;
  /// Takes the answer, once, from any thread. Must not throw.
  std::function<void(HttpAnswer)> reply;
};

/// What the server does with requests, whatever connection they come over. Thread-safe.
class Service {
 public:
  /// `models` and `metrics` must outlive it. Starts its threads; throws ResourceError.
  Service(ServedModels& models, const BatchingOptions& batching, const ServingLimits& limits,
          AccessToken token, ServingMetrics& metrics);
  ~Service();

  /// The path of the request's route; "" for none.
  static std::string route_of(const HttpRequest& request);
  /// The answer to a request that its header alone is enough to refuse: an unknown path, a wrong
  /// method, a missing token.
  std::optional<HttpAnswer> refuse_by_header(const HttpRequest& header) const;
  /// Answers a request that refuse_by_header() lets pass, here or later from another thread.
  void answer(const std::shared_ptr<OpenRequest>& open);

  /// From now on GET /readyz says no.
  void begin_to_stop() { is_ready_ = false; }
  /// Loads changed models in a thread of its own.
  void reload();
  /// Finishes what was begun and joins the threads; no further requests may come.
  void finish();

 private:
  struct Route;
  static const std::vector<Route>& routes();

  HttpAnswer page() const;
  HttpAnswer health() const;
  HttpAnswer readiness() const;
  HttpAnswer one_model(const HttpRequest& request) const;
  HttpAnswer all_models() const;
  HttpAnswer metrics_text() const;
  HttpAnswer openapi() const;
  /// Both give a refusal at once, or nothing where the answer comes later.
  std::optional<HttpAnswer> predict(const std::shared_ptr<OpenRequest>& open);
  std::optional<HttpAnswer> explain(const std::shared_ptr<OpenRequest>& open);

  ServedModels& models_;
  const ServingLimits limits_;
  const AccessToken token_;
  ServingMetrics& metrics_;
  std::atomic<bool> is_ready_ = true;
  const std::string page_;
  std::unique_ptr<InferenceQueue> images_;
  std::unique_ptr<TaskQueue> explanations_;
  std::unique_ptr<TaskQueue> reloads_;
};

/// A request that cannot be answered as it stands; becomes a refusal().
struct Refusal {
  int status;
  std::string message;
};

/// The model that the request names. Throws Refusal.
std::shared_ptr<const ServedModel> model_of(const HttpRequest& request, const ServedModels& models);

/// Throws Refusal for a parameter of the query that is none of `known`.
void require_known_parameters(const HttpRequest& request, const std::vector<std::string>& known);

}  // namespace transfer
