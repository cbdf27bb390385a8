// A body of multipart/form-data. The first line is its Content-Type, the second a request's target.

#include <algorithm>

#include "app/serving/http_message.h"
#include "app/serving/received_files.h"
#include "fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace transfer;
  constexpr std::size_t kMostFiles = 16;
  std::string_view rest = fuzz::text_of(data, size);
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
  };
  HttpRequest request;
  request.content_type = next_line();
  if (parse_target(next_line(), request)) {
    for (const auto& [name, value] : request.query) {
      fuzz::require(!name.empty(), "a parameter without a name");
    }
  }
  request.body = rest;
  const std::string_view body = request.body;
  try {
    const auto files = files_of(request, kMostFiles);
    fuzz::require(!files.empty() && files.size() <= kMostFiles, "no files, or more than asked for");
    for (const ReceivedFile& file : files) {
      fuzz::require(!file.name.empty(), "a file without a name");
      const bool is_inside = file.bytes.data() >= body.data() &&
                             file.bytes.data() + file.bytes.size() <= body.data() + body.size();
      fuzz::require(is_inside, "a file outside the body");
    }
  } catch (const MalformedBody& found) {
    fuzz::require(!found.message.empty(), "a refusal without a reason");
    fuzz::require(found.status == 400 || found.status == 413, "an unknown status");
  }
  return 0;
}
