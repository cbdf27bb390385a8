#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/serving/http_message.h"

namespace transfer {

/// A file in a request's body, whose bytes the body owns.
struct ReceivedFile {
  /// As the client calls it, for answers and messages; never opened.
  std::string name;
  std::string_view bytes;
};

/// A body that cannot be read as files; the message says why and what is expected.
struct MalformedBody {
  std::string message;
  /// With which HTTP refuses it.
  int status = 400;
};

/// The parts of a body of multipart/form-data (RFC 7578), each of which is a file: `content_type`
/// holds the boundary. The views point into `body`. Throws MalformedBody.
std::vector<ReceivedFile> parse_multipart(std::string_view content_type, std::string_view body,
                                          std::size_t most_files);

/// The files of a request: the parts of a form, or the whole body, which is called "image" then.
/// Throws MalformedBody, also where there are none.
std::vector<ReceivedFile> files_of(const HttpRequest& request, std::size_t most_files);

}  // namespace transfer
