#include "app/report/build_commit.h"

namespace transfer {

// CMake defines it for this file alone, so that a commit recompiles nothing else.
std::string build_commit() { return TRANSFER_COMMIT; }

}  // namespace transfer
