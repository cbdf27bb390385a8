#include "core/wait_status.h"

#include <sys/wait.h>

namespace transfer {

int exit_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace transfer
