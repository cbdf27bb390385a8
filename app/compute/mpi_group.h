#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/compute/process_group.h"

namespace transfer {

/// The group of all processes that a launcher has connected by MPI; it says that there are
/// `processes`. Throws ConfigError in a build without MPI.
std::shared_ptr<ProcessGroup> join_mpi(std::int64_t processes);

/// The MPI library and its version, such as "Open MPI v4.1.4"; empty in a build without MPI.
std::string mpi_library();

}  // namespace transfer
