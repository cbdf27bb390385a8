#pragma once

namespace transfer {

/// Makes malloc() keep freed memory in the process. Every layer allocates and frees activations of
/// a few megabytes; by default glibc returns each to the system and requests it again, which costs
/// as much time as the arithmetic. A program linked with tcmalloc needs nothing: it keeps freed
/// memory and wastes little of it (docs/benchmarks.md). Call it first in main().
void keep_freed_memory();

/// Returns freed memory to the system, for other processes.
void release_freed_memory();

}  // namespace transfer
