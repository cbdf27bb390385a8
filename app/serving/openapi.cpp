#include "app/serving/openapi.h"

#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using nlohmann::ordered_json;

ordered_json json_content(const char* schema) {
  return {{"application/json",
           {{"schema", {{"$ref", std::string("#/components/schemas/") + schema}}}}}};
}

ordered_json answer_with(const char* description, const char* schema) {
  return {{"description", description}, {"content", json_content(schema)}};
}

/// Answers that are the same wherever they occur.
void add_refusals(ordered_json& responses, const std::vector<const char*>& statuses) {
  for (const char* status : statuses) {
    responses[status] = {{"$ref", std::string("#/components/responses/Refusal")}};
  }
}

ordered_json query_parameter(const char* name, const char* description, ordered_json schema) {
  return {{"name", name},
          {"in", "query"},
          {"required", false},
          {"description", description},
          {"schema", std::move(schema)}};
}

ordered_json model_parameter(const std::vector<std::string>& models) {
  return query_parameter("model", "The model to ask; without it the first.",
                         {{"type", "string"}, {"enum", models}});
}

/// A form with files, or the bytes of one image.
ordered_json image_body(const char* description) {
  const ordered_json file = {{"type", "string"}, {"contentMediaType", "application/octet-stream"}};
  const ordered_json form = {{"type", "object"},
                             {"properties", {{"image", {{"type", "array"}, {"items", file}}}}},
                             {"additionalProperties", file}};
  return {{"required", true},
          {"description", description},
          {"content",
           {{"multipart/form-data", {{"schema", form}}},
            {"image/*", ordered_json::object()},
            {"application/octet-stream", ordered_json::object()}}}};
}

ordered_json predict_path(const std::vector<std::string>& models) {
  ordered_json responses = {
      {"200", answer_with("Predictions in the order of the images. Where some "
                          "cannot be read, those have an error instead.",
                          "Predictions")}};
  add_refusals(responses, {"400", "401", "404", "413", "415", "429", "503", "504"});
  return {
      {"post",
       {{"operationId", "predict"},
        {"summary", "Predict images"},
        {"parameters",
         {model_parameter(models),
          query_parameter("top", "How many classes to list, the likeliest first; all without it.",
                          {{"type", "integer"}, {"minimum", 1}})}},
        {"requestBody", image_body("One or more images.")},
        {"responses", responses}}}};
}

ordered_json explain_path(const std::vector<std::string>& models) {
  ordered_json content = json_content("Explanation");
  content["image/jpeg"] = ordered_json::object();
  ordered_json responses = {{"200",
                             {{"description",
                               "The image as the network sees it, under the map of where its "
                               "answer comes from."},
                              {"content", content}}}};
  add_refusals(responses, {"400", "401", "404", "413", "415", "429", "503", "504"});
  return {
      {"post",
       {{"operationId", "explain"},
        {"summary", "Show where an answer comes from"},
        {"parameters",
         {model_parameter(models),
          query_parameter("class", "The output to explain; without it the largest.",
                          {{"type", "string"}}),
          query_parameter("method", "How the map is computed.",
                          {{"type", "string"}, {"enum", {"gradcam", "layercam", "eigencam"}}}),
          query_parameter("format", "jpeg, or json with a data address; without it as Accept says.",
                          {{"type", "string"}, {"enum", {"jpeg", "json"}}})}},
        {"requestBody", image_body("One image.")},
        {"responses", responses}}}};
}

ordered_json plain_path(const char* id, const char* summary, const char* media_type,
                        const std::vector<const char*>& refusals = {}) {
  ordered_json responses = {
      {"200", {{"description", summary}, {"content", {{media_type, ordered_json::object()}}}}}};
  add_refusals(responses, refusals);
  return {{"get", {{"operationId", id}, {"summary", summary}, {"responses", responses}}}};
}

ordered_json text_schema() { return {{"type", "string"}}; }
ordered_json number_schema() { return {{"type", "number"}}; }

ordered_json schemas() {
  const ordered_json ranked = {
      {"type", "object"},
      {"properties", {{"class", text_schema()}, {"probability", number_schema()}}}};
  const ordered_json image = {
      {"type", "object"},
      {"required", {"name"}},
      {"properties",
       {{"name", text_schema()},
        {"class", {{"type", "string"}, {"description", "`unknown` with --reject."}}},
        {"probability", {{"type", {"number", "null"}}}},
        {"known", {{"type", "string"}, {"enum", {"yes", "no"}}}},
        {"unknown_score", number_schema()},
        {"set", {{"type", "array"}, {"items", text_schema()}}},
        {"top", {{"type", "array"}, {"items", ranked}}},
        {"labels", {{"type", "array"}, {"items", text_schema()}}},
        {"probabilities", {{"type", "object"}, {"additionalProperties", number_schema()}}},
        {"values", {{"type", "object"}, {"additionalProperties", number_schema()}}},
        {"status", {{"type", "integer"}}},
        {"error", text_schema()}}}};
  const ordered_json error = {
      {"type", "object"},
      {"required", {"status", "message"}},
      {"properties", {{"status", {{"type", "integer"}}}, {"message", text_schema()}}}};
  return {
      {"Predictions",
       {{"type", "object"},
        {"required", {"model", "images"}},
        {"properties",
         {{"model", text_schema()}, {"images", {{"type", "array"}, {"items", image}}}}}}},
      {"Explanation",
       {{"type", "object"},
        {"properties",
         {{"model", text_schema()},
          {"name", text_schema()},
          {"output", text_schema()},
          {"value", number_schema()},
          {"stage", text_schema()},
          {"method", text_schema()},
          {"overlay", text_schema()}}}}},
      {"Error", {{"type", "object"}, {"required", {"error"}}, {"properties", {{"error", error}}}}}};
}

}  // namespace

ordered_json openapi_document(const std::vector<std::string>& models, bool needs_token) {
  ordered_json model = plain_path("model", "A model's classes, preprocessing and metrics",
                                  "application/json", {"401", "404"});
  model["get"]["parameters"] = ordered_json::array({model_parameter(models)});
  ordered_json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "transfer serve"}, {"version", TRANSFER_VERSION}}},
      {"paths",
       {{"/predict", predict_path(models)},
        {"/explain", explain_path(models)},
        {"/model", model},
        {"/models", plain_path("models", "All models", "application/json", {"401"})},
        {"/healthz", plain_path("health", "Whether the server answers", "application/json")},
        {"/readyz",
         plain_path("readiness", "Whether it takes requests", "application/json", {"503"})},
        {"/metrics", plain_path("metrics", "Counters for Prometheus", "text/plain", {"401"})},
        {"/openapi.json", plain_path("openapi", "This document", "application/json")},
        {"/", plain_path("page", "A page on which to drop images", "text/html")}}},
      {"components",
       {{"schemas", schemas()},
        {"responses", {{"Refusal", answer_with("Why there is no answer.", "Error")}}},
        {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  if (!needs_token) return document;
  for (const char* path : {"/predict", "/explain", "/model", "/models", "/metrics"}) {
    for (auto& operation : document["paths"][path]) {
      operation["security"] = ordered_json::array({{{"token", ordered_json::array()}}});
    }
  }
  return document;
}

}  // namespace transfer
