#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace transfer {

/// What GET /openapi.json gives: the server's routes as an OpenAPI document, version 3.1.0
/// (https://spec.openapis.org/oas/v3.1.0), for models of these names.
nlohmann::ordered_json openapi_document(const std::vector<std::string>& models, bool needs_token);

}  // namespace transfer
