#pragma once

#include "app/batch/batch_summary.h"

namespace transfer {

/// Writes compare.html, which compares the finished runs, into the batch's folder. Returns whether
/// it did: not for fewer than two such runs, and a page that cannot be written is warned of and
/// costs nothing else. Throws Interrupted.
bool write_batch_comparison(const BatchSummary& summary);

}  // namespace transfer
