#include "core/lack_of_resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "core/whole_number.h"

namespace transfer {
namespace {

/// Of LibTorch's allocators, of its interpreter, which turns std::bad_alloc into its own error, and
/// of oneDNN.
constexpr std::string_view kSigns[] = {"out of memory",
                                       "allocate memory",
                                       "not enough memory",
                                       "Cannot allocate memory",
                                       "std::bad_alloc",
                                       "Insufficient memory",
                                       "could not create a memory object"};
/// Of NVIDIA's libraries, which allocate GPU memory for themselves.
constexpr std::string_view kLibrarySigns[] = {
    "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED"};
constexpr std::string_view kGpuSigns[] = {"CUDA out of memory", "CUDA error", "CUBLAS_", "CUDNN_",
                                          "CUSOLVER_"};

bool says_any_of(const std::exception& error, std::span<const std::string_view> signs) {
  const std::string_view what = error.what();
  return std::any_of(signs.begin(), signs.end(), [what](std::string_view sign) {
    return what.find(sign) != std::string_view::npos;
  });
}

bool has_code(const std::exception& error, std::errc code) {
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  return system != nullptr && system->code() == code;
}

/// In what PyTorch's CUDA allocator says (CUDACachingAllocator.cpp, format_size).
std::optional<std::int64_t> bytes_asked_of_gpu(const std::exception& error) {
  constexpr std::string_view kBefore = "Tried to allocate ";
  const std::string what = error.what();
  const auto found = what.find(kBefore);
  if (found == std::string::npos) return std::nullopt;
  std::istringstream text(what.substr(found + kBefore.size()));
  double number = 0;
  std::string unit;
  if (!(text >> number >> unit)) return std::nullopt;
  const double scale = unit.starts_with("GiB")   ? 1 << 30
                       : unit.starts_with("MiB") ? 1 << 20
                       : unit.starts_with("KiB") ? 1 << 10
                                                 : 1;
  return static_cast<std::int64_t>(number * scale);
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (has_code(error, std::errc::not_enough_memory)) return true;
  if (dynamic_cast<const Error*>(&error) != nullptr) return false;
  return says_any_of(error, kSigns) || says_any_of(error, kLibrarySigns);
}

bool is_out_of_gpu_memory(const std::exception& error) {
  return is_out_of_memory(error) && says_any_of(error, kGpuSigns);
}

std::optional<std::int64_t> bytes_asked_for(const std::exception& error) {
  if (is_out_of_gpu_memory(error)) return bytes_asked_of_gpu(error);
  constexpr std::string_view kBefore = "tried to allocate ";
  const std::string_view what = error.what();
  const auto found = what.find(kBefore);
  if (found == std::string_view::npos) return std::nullopt;
  const auto number = what.substr(found + kBefore.size());
  const auto end = number.find_first_not_of("0123456789");
  if (end == std::string_view::npos || number.substr(end, 6) != " bytes") return std::nullopt;
  return parse_whole_number(number.substr(0, end));
}

ResourceError too_many_files(const std::filesystem::path& path, int error) {
  return ResourceError(
      fmt::format("{}: cannot be opened: {}. Raise the limit on open files (ulimit -n), or give "
                  "fewer --threads "
                  "and data.workers.",
                  path.string(), std::strerror(error)));
}

bool is_out_of_threads(const std::exception& error) {
  return has_code(error, std::errc::resource_unavailable_try_again);
}

bool is_out_of_files(const std::exception& error) {
  return has_code(error, std::errc::too_many_files_open) ||
         has_code(error, std::errc::too_many_files_open_in_system);
}

}  // namespace transfer
