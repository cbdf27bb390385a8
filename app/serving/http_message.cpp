#include "app/serving/http_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json_text.h"

namespace transfer {
namespace {

/// −1 where it is no hexadecimal digit.
int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = static_cast<char>(digit | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The text that percent signs stand for (RFC 3986, section 2.1). In a query a plus is a space.
std::optional<std::string> percent_decoded(std::string_view text, bool is_query) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && is_query) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? digit_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(16 * high + low);
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  for (auto pair = query.rbegin(); pair != query.rend(); ++pair) {
    if (pair->first == name) return pair->second;
  }
  return std::nullopt;
}

bool parse_target(std::string_view target, HttpRequest& request) {
  const std::size_t mark = target.find('?');
  const auto path = percent_decoded(target.substr(0, mark), /*is_query=*/false);
  if (!path) return false;
  request.path = *path;
  request.query.clear();
  if (mark == std::string_view::npos) return true;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals), /*is_query=*/true);
    const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return false;
    if (!name->empty()) request.query.emplace_back(*name, *value);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

HttpAnswer json_answer(const nlohmann::ordered_json& json, int status) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = json_line(json) + "\n";
  return answer;
}

HttpAnswer refusal(int status, const std::string& message) {
  HttpAnswer answer = json_answer({{"error", {{"status", status}, {"message", message}}}}, status);
  if (status == 429 || status == 503) answer.fields.emplace_back("Retry-After", "1");
  if (status == 401) answer.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"transfer\"");
  return answer;
}

}  // namespace transfer
