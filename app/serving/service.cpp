#include "app/serving/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/serving/openapi.h"
#include "app/serving/serving_page.h"
#include "core/messages.h"
#include "core/nearest_name.h"

namespace transfer {

namespace {

constexpr const char* kJson = "application/json";

}  // namespace

/// What a path and a method lead to.
struct Service::Route {
  std::string path;
  std::string method;
  /// Whether it is answered without a token too: it tells nothing of the model.
  bool is_open = false;
  std::function<std::optional<HttpAnswer>(Service&, const std::shared_ptr<OpenRequest>&)> answer;
};

const std::vector<Service::Route>& Service::routes() {
  using Open = std::shared_ptr<OpenRequest>;
  static const std::vector<Route> all = {
      {"/", "GET", true, [](Service& s, const Open&) { return s.page(); }},
      {"/favicon.ico", "GET", true,
       [](Service&, const Open&) {
         return HttpAnswer{204, "", ""};
       }},
      {"/predict", "POST", false, [](Service& s, const Open& open) { return s.predict(open); }},
      {"/explain", "POST", false, [](Service& s, const Open& open) { return s.explain(open); }},
      {"/model", "GET", false,
       [](Service& s, const Open& open) { return s.one_model(open->request); }},
      {"/models", "GET", false, [](Service& s, const Open&) { return s.all_models(); }},
      {"/healthz", "GET", true, [](Service& s, const Open&) { return s.health(); }},
      {"/readyz", "GET", true, [](Service& s, const Open&) { return s.readiness(); }},
      {"/metrics", "GET", false, [](Service& s, const Open&) { return s.metrics_text(); }},
      {"/openapi.json", "GET", true, [](Service& s, const Open&) { return s.openapi(); }},
  };
  return all;
}

Service::Service(ServedModels& models, const BatchingOptions& batching, const ServingLimits& limits,
                 AccessToken token, ServingMetrics& metrics)
    : models_(models),
      limits_(limits),
      token_(std::move(token)),
      metrics_(metrics),
      page_(serving_page(token_.is_needed(), limits)),
      images_(std::make_unique<InferenceQueue>(batching, limits.waiting_images, metrics)),
      explanations_(
          std::make_unique<TaskQueue>(static_cast<std::size_t>(limits.waiting_explanations))),
      reloads_(std::make_unique<TaskQueue>(1)) {}

Service::~Service() = default;

std::string Service::route_of(const HttpRequest& request) {
  for (const Route& route : routes()) {
    if (route.path == request.path) return route.path;
  }
  return "";
}

std::optional<HttpAnswer> Service::refuse_by_header(const HttpRequest& header) const {
  const auto& all = routes();
  const auto route = std::find_if(all.begin(), all.end(),
                                  [&](const Route& one) { return one.path == header.path; });
  if (route == all.end()) {
    std::vector<std::string> paths;
    for (const Route& one : all) paths.push_back(one.path);
    return refusal(404,
                   fmt::format("there is nothing at {}{} GET /openapi.json lists what there is.",
                               header.path, nearest_or_stop(header.path, paths)));
  }
  const bool fits =
      header.method == route->method || (header.method == "HEAD" && route->method == "GET");
  if (!fits) {
    HttpAnswer answer = refusal(
        405, fmt::format("{} takes {}, not {}.", route->path, route->method, header.method));
    answer.fields.emplace_back("Allow", route->method == "GET" ? "GET, HEAD" : route->method);
    return answer;
  }
  if (route->is_open || token_.admits(header.authorization)) return std::nullopt;
  return refusal(401, header.authorization.empty()
                          ? "this server answers requests with its token only: send the header "
                            "`Authorization: Bearer TOKEN`."
                          : "the token of the header Authorization is not this server's.");
}

void Service::answer(const std::shared_ptr<OpenRequest>& open) {
  for (const Route& route : routes()) {
    if (route.path != open->request.path) continue;
    std::optional<HttpAnswer> answer;
    try {
      answer = route.answer(*this, open);
    } catch (const Refusal& found) {
      answer = refusal(found.status, found.message);
    } catch (const std::exception& error) {
      warn("{}: {}", route.path, error.what());
      answer = refusal(500, "the server failed to answer; its messages say why.");
    }
    if (answer) open->reply(std::move(*answer));
    return;
  }
}

void Service::reload() {
  const bool is_added = reloads_->try_add([this] { models_.reload(metrics_); });
  if (!is_added) note("models are being loaded anew already, and will be once more");
}

void Service::finish() {
  images_.reset();
  explanations_.reset();
  reloads_.reset();
}

HttpAnswer Service::page() const {
  return {200,
          "text/html; charset=utf-8",
          page_,
          {{"Content-Security-Policy", "frame-ancestors 'none'"},
           {"Permissions-Policy", "camera=(self)"},
           {"Referrer-Policy", "no-referrer"}}};
}

HttpAnswer Service::health() const { return json_answer({{"status", "ok"}}); }

HttpAnswer Service::readiness() const {
  if (is_ready_) return json_answer({{"status", "ready"}});
  return refusal(503, "the server is stopping.");
}

HttpAnswer Service::one_model(const HttpRequest& request) const {
  require_known_parameters(request, {"model"});
  return {200, kJson, model_of(request, models_)->description() + "\n"};
}

HttpAnswer Service::all_models() const {
  std::string list;
  for (const auto& model : models_.all()) {
    list += (list.empty() ? "" : ",") + model->description();
  }
  return {200, kJson, "{\"models\":[" + list + "]}\n"};
}

HttpAnswer Service::metrics_text() const {
  return {200, "text/plain; version=0.0.4; charset=utf-8",
          metrics_.text(
              {images_->waiting(), explanations_->waiting(), models_.names().size(), is_ready_})};
}

HttpAnswer Service::openapi() const {
  return json_answer(openapi_document(models_.names(), token_.is_needed()));
}

std::shared_ptr<const ServedModel> model_of(const HttpRequest& request,
                                            const ServedModels& models) {
  const std::string name = request.parameter("model").value_or("");
  auto model = models.find(name);
  if (model == nullptr) {
    throw Refusal{404, fmt::format("this server has no model '{}'{}", name,
                                   suggestion(name, models.names()))};
  }
  return model;
}

void require_known_parameters(const HttpRequest& request, const std::vector<std::string>& known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Refusal{400, fmt::format("{} takes no parameter '{}'{}", request.path, name,
                                   suggestion(name, known))};
  }
}

}  // namespace transfer
