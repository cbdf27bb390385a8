#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace transfer {

/// A request as the server's parts see it, without its connection.
struct HttpRequest {
  /// In upper case: "GET".
  std::string method;
  /// Without the query, its percent signs decoded: "/predict".
  std::string path;
  /// The query's pairs, decoded, in their order.
  std::vector<std::pair<std::string, std::string>> query = {};
  /// Header fields; empty where the request lacks them.
  std::string content_type = {};
  std::string authorization = {};
  std::string accept = {};
  std::string body = {};

  /// The value of a pair of the query; nothing where it has none of that name. The last one counts.
  std::optional<std::string> parameter(std::string_view name) const;
};

/// What is sent back.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  /// Further header fields.
  std::vector<std::pair<std::string, std::string>> fields = {};
};

/// Splits a request's target, "/predict?top=3", into `request.path` and `request.query`. Returns
/// false where a percent sign has no two hexadecimal digits behind it.
bool parse_target(std::string_view target, HttpRequest& request);

/// An answer whose body is JSON.
HttpAnswer json_answer(const nlohmann::ordered_json& json, int status = 200);

/// A refusal: {"error": {"status": …, "message": …}}. The message says what was found, what is
/// expected and what to do. Statuses 429 and 503 also tell the client to come back in a second.
HttpAnswer refusal(int status, const std::string& message);

}  // namespace transfer
