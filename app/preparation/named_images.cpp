#include "app/preparation/named_images.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <sstream>

#include "app/preparation/reading_messages.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/file_kind.h"

namespace transfer {
namespace {

/// All of stdin. Only the end of it ends it, or a request to stop.
std::string read_stdin() {
  std::string text;
  std::array<char, 1 << 16> block;
  while (true) {
    throw_if_stopped();
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count == 0) return text;
    if (count > 0) {
      text.append(block.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      throw DataError(
          fmt::format("the list on standard input cannot be read: {}. Give it by a "
                      "pipe or a file, or name the images.",
                      std::strerror(errno)));
    }
  }
}

/// The lines of stdin, whatever their line ends, or what is between zero bytes where there are
/// some, as `find -print0` writes; empty ones are left out.
std::vector<std::string> read_list() {
  const std::string text = read_stdin();
  const bool has_zeros = text.find('\0') != std::string::npos;
  std::vector<std::string> lines;
  std::istringstream list(text);
  for (std::string line; std::getline(list, line, has_zeros ? '\0' : '\n');) {
    if (!has_zeros && line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::vector<Sample> named_images(const std::vector<std::string>& paths,
                                 std::int64_t max_image_bytes) {
  std::vector<Sample> samples;
  Findings findings;
  const auto add = [&](const std::string& path) {
    if (!is_folder(path)) {
      samples.push_back({path, 0});
      return;
    }
    FolderImages found = list_images(path);
    for (auto& image : found.images) samples.push_back({std::move(image), 0});
    std::move(found.skipped.begin(), found.skipped.end(), std::back_inserter(findings.skipped));
  };
  for (const auto& path : paths) {
    if (path != "-") {
      add(path);
      continue;
    }
    for (const auto& line : read_list()) add(line);
  }
  report_reading(findings);
  if (samples.empty()) throw DataError("no images were found at the paths given.");
  for (Sample& sample : samples) sample.max_bytes = max_image_bytes;
  return samples;
}

}  // namespace transfer
