#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>

namespace transfer {

/// Calls `work(0)` … `work(count - 1)` on up to `threads` threads at a time, each with its share of
/// the `threads` for arithmetic. Small networks run faster this way than one call at a time with
/// all threads. Which thread takes which number depends on timing; the results must not. Afterwards
/// the calling thread has `threads` for arithmetic again. Rethrows the first exception of `work`
/// once all threads have ended.
void run_side_by_side(std::int64_t count, std::int64_t threads,
                      const std::function<void(std::int64_t)>& work);

/// The same for work on a device. On a GPU one call follows another on the calling thread, since a
/// single stream of work keeps it busy and gives the same results every time.
void run_side_by_side(torch::Device device, std::int64_t count, std::int64_t threads,
                      const std::function<void(std::int64_t)>& work);

}  // namespace transfer
