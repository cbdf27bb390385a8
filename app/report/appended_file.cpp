#include "app/report/appended_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>

#include "core/errors.h"
#include "core/write_failure.h"

namespace transfer {

void append_to_file(const std::filesystem::path& file, std::string_view text) {
  errno = 0;
  std::ofstream stream(file, std::ios::app | std::ios::binary);
  stream << text;
  stream.flush();
  if (stream) return;
  const OutputError failure = write_failure(file, errno != 0 ? errno : EIO);
  throw OutputError(
      fmt::format("{} A run with a checkpoint goes on with --resume.", failure.what()));
}

}  // namespace transfer
