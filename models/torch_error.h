#pragma once

#include <exception>
#include <string>

namespace transfer {

/// The cause in an error of LibTorch's: the last line of what it says, without the trace of the
/// program and of C++ around it.
std::string cause_of(const std::string& what);

/// Whether memory ran out, of the CPU or of a GPU, which says nothing about the network.
bool is_out_of_memory(const std::exception& error);

}  // namespace transfer
