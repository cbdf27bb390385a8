#include "core/json_text.h"

#include <nlohmann/json.hpp>

namespace transfer {
namespace {

constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;

}  // namespace

std::string json_text(const nlohmann::ordered_json& json) {
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', /*ensure_ascii=*/false, kReplace) + "\n";
}

std::string json_line(const nlohmann::ordered_json& json) {
  constexpr int kOneLine = -1;
  return json.dump(kOneLine, ' ', /*ensure_ascii=*/false, kReplace);
}

}  // namespace transfer
