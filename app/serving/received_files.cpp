#include "app/serving/received_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/lower_case.h"

namespace transfer {
namespace {

constexpr std::string_view kForm = "multipart/form-data";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The value of a parameter such as `boundary` in a header field's value, without its quotes. A
/// semicolon may stand inside quotes.
std::optional<std::string> field_parameter(std::string_view value, std::string_view name) {
  std::size_t start = value.find(';');
  while (start < value.size()) {
    std::size_t end = start + 1;
    bool is_quoted = false;
    std::string text;
    for (; end < value.size() && (is_quoted || value[end] != ';'); ++end) {
      if (value[end] == '"') {
        is_quoted = !is_quoted;
      } else if (value[end] == '\\' && is_quoted && end + 1 < value.size()) {
        text += value[++end];
      } else {
        text += value[end];
      }
    }
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos &&
        lower_case(std::string(trimmed(std::string_view(text).substr(0, equals)))) == name) {
      return std::string(trimmed(std::string_view(text).substr(equals + 1)));
    }
    start = end;
  }
  return std::nullopt;
}

/// The value of a part's header field; empty where it has none.
std::string_view part_field(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find("\r\n"), header.size());
    const std::string_view line = header.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        lower_case(std::string(trimmed(line.substr(0, colon)))) == name) {
      return trimmed(line.substr(colon + 1));
    }
    header.remove_prefix(std::min(end + 2, header.size()));
  }
  return {};
}

ReceivedFile file_of_part(std::string_view part, std::size_t number) {
  const std::size_t end = part.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    throw MalformedBody{fmt::format(
        "part {} of the form has no empty line between its header and its bytes.", number)};
  }
  const std::string_view disposition = part_field(part.substr(0, end), "content-disposition");
  auto name = field_parameter(disposition, "filename");
  if (!name || name->empty()) name = field_parameter(disposition, "name");
  return {name && !name->empty() ? *name : fmt::format("image {}", number), part.substr(end + 4)};
}

}  // namespace

std::vector<ReceivedFile> parse_multipart(std::string_view content_type, std::string_view body,
                                          std::size_t most_files) {
  const auto boundary = field_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) {  // RFC 2046, section 5.1.1
    throw MalformedBody{
        "the Content-Type is multipart/form-data and names no boundary of 1 to 70 characters."};
  }
  const std::string delimiter = "--" + *boundary;
  // A boundary holds no line break, so that searching takes one pass whatever the bytes are.
  const std::string next_delimiter = "\r\n" + delimiter;
  std::size_t position = body.starts_with(delimiter) ? 0 : body.find(next_delimiter);
  if (position == std::string_view::npos) {
    throw MalformedBody{"the boundary that the Content-Type names is not in the form."};
  }
  if (position > 0) position += 2;
  std::vector<ReceivedFile> files;
  while (true) {
    position += delimiter.size();
    if (body.substr(position, 2) == "--") return files;
    if (body.substr(position, 2) != "\r\n") {
      throw MalformedBody{"a boundary of the form does not end its line."};
    }
    position += 2;
    const std::size_t end = body.find(next_delimiter, position);
    if (end == std::string_view::npos) {
      throw MalformedBody{"the form ends inside a part: its last boundary is missing."};
    }
    if (files.size() == most_files) {
      throw MalformedBody{
          fmt::format("the form has more than {} files. Send the others in further requests.",
                      most_files),
          413};
    }
    files.push_back(file_of_part(body.substr(position, end - position), files.size() + 1));
    position = end + 2;
  }
}

std::vector<ReceivedFile> files_of(const HttpRequest& request, std::size_t most_files) {
  if (request.body.empty()) {
    throw MalformedBody{
        "the request has no body. Send an image's bytes, or a form with one or more files."};
  }
  const std::string type = lower_case(request.content_type.substr(0, kForm.size()));
  if (type != kForm) return {{"image", request.body}};
  auto files = parse_multipart(request.content_type, request.body, most_files);
  if (files.empty()) throw MalformedBody{"the form has no parts. Send one or more files."};
  return files;
}

}  // namespace transfer
