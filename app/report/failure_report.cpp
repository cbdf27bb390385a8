#include "app/report/failure_report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>
#include <string_view>

#include "app/compute/container_limits.h"
#include "core/lack_of_resources.h"
#include "core/quantity_text.h"

namespace transfer {
namespace {

constexpr double kMegabyte = 1e6;

/// " The limit on … is N MB (ulimit OPTION)." where there is one.
std::string limit_text(decltype(RLIMIT_AS) resource, const char* what, const char* option) {
  rlimit limit = {};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "";
  return fmt::format(" The limit on its {} is {} (ulimit {}).", what,
                     bytes_text(static_cast<double>(limit.rlim_cur)), option);
}

/// The limits on memory that the process runs under.
std::string memory_limits() {
  std::string text =
      limit_text(RLIMIT_AS, "address space", "-v") + limit_text(RLIMIT_DATA, "data", "-d");
  if (const auto bytes = read_container_limits().memory_bytes) {
    text +=
        fmt::format(" Its container or job may use {}.", bytes_text(static_cast<double>(*bytes)));
  }
  return text;
}

constexpr std::string_view kNeedLess =
    "End other programs, raise a limit, or need less: a smaller train.batch_size, data.input_size "
    "or backbone, fewer --threads and data.workers.";
constexpr std::string_view kNeedLessOfGpu =
    "Lower train.batch_size (train.accumulate=N takes N of its batches for one step, so N can make "
    "up for it), set train.precision=bfloat16, lower data.input_size, take a smaller backbone, run "
    "fewer jobs on the GPU at once, or end other programs on it.";

Failure lack_of_memory(const std::exception& error) {
  const bool is_gpu = is_out_of_gpu_memory(error);
  const auto bytes = bytes_asked_for(error);
  std::string text =
      is_gpu ? "there is not enough memory on the GPU" : "there is not enough memory";
  if (bytes && static_cast<double>(*bytes) >= kMegabyte) {
    text += fmt::format(": {} more were needed at once", bytes_text(static_cast<double>(*bytes)));
  }
  return {fmt::format("{}.{} {}", text, is_gpu ? "" : memory_limits(),
                      is_gpu ? kNeedLessOfGpu : kNeedLess),
          ExitCode::kResources};
}

Failure lost_file(const std::filesystem::filesystem_error& error) {
  const std::string reason = error.code().message();
  if (error.path1().empty()) {
    return {fmt::format("the current folder cannot be found: {}. Was it removed? Change into a "
                        "folder that exists, and run the command again.",
                        reason),
            ExitCode::kOutput};
  }
  return {fmt::format("{}: {}. Check that it still exists and may be read and written.",
                      error.path1().string(), reason),
          ExitCode::kOutput};
}

/// Of a C++ library or LibTorch, without the stack traces that the latter appends.
std::string_view without_trace(std::string_view what) {
  for (const std::string_view trace : {"\nException raised from", "\nframe #0:"}) {
    what = what.substr(0, what.find(trace));
  }
  return what;
}

}  // namespace

Failure explain_failure(const std::exception& error) {
  if (is_out_of_memory(error)) return lack_of_memory(error);
  if (is_out_of_threads(error)) {
    return {"the system starts no further thread or process: " + std::string(error.what()) + "." +
                limit_text(RLIMIT_AS, "address space", "-v") +
                " Raise the limit on processes (ulimit -u, or the pids limit of the container), or "
                "give fewer --threads and data.workers.",
            ExitCode::kResources};
  }
  if (is_out_of_files(error)) {
    return {fmt::format("too many files are open: {}. Raise the limit (ulimit -n).", error.what()),
            ExitCode::kResources};
  }
  if (const auto* const lost = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) {
    return lost_file(*lost);
  }
  return {fmt::format("unexpected failure: {}\n{}", without_trace(error.what()), kReportBug),
          ExitCode::kUnexpected};
}

}  // namespace transfer
