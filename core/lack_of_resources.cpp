#include "core/lack_of_resources.h"

#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "core/errors.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

bool has_code(const std::exception& error, std::errc code) {
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  return system != nullptr && system->code() == code;
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (has_code(error, std::errc::not_enough_memory)) return true;
  if (dynamic_cast<const Error*>(&error) != nullptr) return false;
  const std::string_view what = error.what();
  // LibTorch's allocators; the interpreter, which turns std::bad_alloc into its own error; oneDNN.
  constexpr std::string_view kSigns[] = {"out of memory",
                                         "allocate memory",
                                         "not enough memory",
                                         "Cannot allocate memory",
                                         "std::bad_alloc",
                                         "Insufficient memory",
                                         "could not create a memory object"};
  return std::any_of(std::begin(kSigns), std::end(kSigns), [what](std::string_view sign) {
    return what.find(sign) != std::string_view::npos;
  });
}

std::optional<std::int64_t> bytes_asked_for(const std::exception& error) {
  constexpr std::string_view kBefore = "tried to allocate ";
  const std::string_view what = error.what();
  const auto found = what.find(kBefore);
  if (found == std::string_view::npos) return std::nullopt;
  const auto number = what.substr(found + kBefore.size());
  const auto end = number.find_first_not_of("0123456789");
  if (end == std::string_view::npos || number.substr(end, 6) != " bytes") return std::nullopt;
  return parse_whole_number(number.substr(0, end));
}

bool is_out_of_threads(const std::exception& error) {
  return has_code(error, std::errc::resource_unavailable_try_again);
}

bool is_out_of_files(const std::exception& error) {
  return has_code(error, std::errc::too_many_files_open) ||
         has_code(error, std::errc::too_many_files_open_in_system);
}

}  // namespace transfer
