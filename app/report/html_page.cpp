#include "app/report/html_page.h"

#include <fmt/format.h>

#include <fstream>

#include "core/base64.h"
#include "core/hash.h"

namespace transfer {
namespace {

/// As a Content-Security-Policy names a text.
std::string policy_hash(std::string_view text) {
  return fmt::format("'sha256-{}'", base64(sha256_bytes(text)));
}

std::string content_security_policy(const HtmlPage& page) {
  std::string scripts;
  for (const std::string_view script : page.scripts)
    scripts += fmt::format(" {}", policy_hash(script));
  return fmt::format(
      "default-src 'none'; script-src{}; style-src {}; img-src data: blob:;{} base-uri 'none'; "
      "form-action 'none'",
      scripts, policy_hash(page.style), page.asks_its_server ? " connect-src 'self';" : "");
}

/// JSON inside a script element: "<" would begin a tag there, and JSON can write it otherwise.
std::string embedded_json(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

std::string generator_mark(std::string_view command) {
  return fmt::format("<meta name=\"generator\" content=\"transfer {}\">", command);
}

}  // namespace

bool is_page_of(const std::filesystem::path& file, std::string_view command) {
  constexpr std::size_t kHead = 512;
  std::ifstream stream(file, std::ios::binary);
  std::string head(kHead, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(kHead));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  return head.find(generator_mark(command)) != std::string::npos;
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string data_address(std::string_view media_type, std::string_view bytes) {
  return fmt::format("data:{};base64,{}", media_type, base64(bytes));
}

std::string to_html(const HtmlPage& page) {
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{}"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
      "<style>{}</style>\n</head>\n<body>\n{}\n"
      "<script type=\"application/json\" id=\"data\">{}</script>\n",
      page.command.empty() ? "" : generator_mark(page.command) + "\n",
      content_security_policy(page), escape_html(page.title), page.style, page.body,
      embedded_json(page.data));
  for (const std::string_view script : page.scripts) {
    text += fmt::format("<script>{}</script>\n", script);
  }
  return text + "</body>\n</html>\n";
}

}  // namespace transfer
