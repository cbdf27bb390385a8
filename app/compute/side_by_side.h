#pragma once

#include <cstdint>
#include <functional>

namespace transfer {

/// Calls `work(0)` … `work(count - 1)` on up to `threads` threads at a time, each with its share of
/// the `threads` for arithmetic. Small networks run faster so than one call at a time with all of
/// them. Who takes which number depends on timing; the results must not. The calling thread has
/// `threads` for arithmetic afterwards. Throws the first exception of `work` after all have ended.
void run_side_by_side(std::int64_t count, std::int64_t threads,
                      const std::function<void(std::int64_t)>& work);

}  // namespace transfer
