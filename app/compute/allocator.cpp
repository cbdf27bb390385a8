#include "app/compute/allocator.h"

#include <malloc.h>

// Of gperftools/malloc_extension_c.h; null where tcmalloc is not linked.
extern "C" void MallocExtension_ReleaseFreeMemory() __attribute__((weak));

namespace transfer {

void keep_freed_memory() {
  if (MallocExtension_ReleaseFreeMemory != nullptr) return;
  constexpr int kLargestKept = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestKept);
  mallopt(M_TRIM_THRESHOLD, kLargestKept);
}

void release_freed_memory() {
  if (MallocExtension_ReleaseFreeMemory != nullptr) {
    MallocExtension_ReleaseFreeMemory();
  } else {
    malloc_trim(0);
  }
}

}  // namespace transfer
