#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>

#include "core/errors.h"

namespace transfer {

/// Whether memory ran out, of the CPU or of a GPU: std::bad_alloc, or an error of LibTorch's,
/// oneDNN's or OpenCV's that says so. It says nothing about the data or the network, so code that
/// explains other failures lets it pass.
bool is_out_of_memory(const std::exception& error);

/// Whether such an error is that of a GPU.
bool is_out_of_gpu_memory(const std::exception& error);

/// The bytes that such an error says were asked for, if it does.
std::optional<std::int64_t> bytes_asked_for(const std::exception& error);

/// The error of a file or folder that cannot be opened because this process or the system has too
/// many open: `error` is EMFILE or ENFILE. It says nothing about the file.
ResourceError too_many_files(const std::filesystem::path& path, int error);

/// Whether the system refused a further thread, process or open file.
bool is_out_of_threads(const std::exception& error);
bool is_out_of_files(const std::exception& error);

}  // namespace transfer
