#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace transfer {

/// What a self-contained page is made of. Nothing of it is fetched when it is opened.
struct HtmlPage {
  /// Plain text.
  std::string title;
  /// The command that writes such pages, such as "compare", by which is_page_of() knows them; may
  /// be empty.
  std::string_view command = {};
  /// The markup inside <body>. It holds no text from outside, no style attribute and no event
  /// handler: the page's policy forbids the latter two.
  std::string_view body;
  std::string_view style;
  /// Run in this order, after the body. None contains "</script".
  std::vector<std::string_view> scripts;
  /// Whether scripts may ask the server that the page came from.
  bool asks_its_server = false;
  /// JSON text, which scripts read by JSON.parse(document.getElementById("data").textContent).
  /// Everything from outside goes here and becomes text by textContent, so that names such as
  /// "<script>" are shown and never run.
  std::string data;
};

/// The page as one file. Its Content-Security-Policy (https://www.w3.org/TR/CSP3/) admits the
/// style and the scripts by their hashes, images and downloads by data: and blob: addresses, and
/// nothing else: no request leaves the page.
std::string to_html(const HtmlPage& page);

/// Whether `file` is a page that this command has written.
bool is_page_of(const std::filesystem::path& file, std::string_view command);

/// `text` with the characters that HTML gives a meaning replaced, for markup and attributes.
std::string escape_html(std::string_view text);

/// The address of a file's bytes inside the page, such as "data:image/jpeg;base64,…".
std::string data_address(std::string_view media_type, std::string_view bytes);

}  // namespace transfer
