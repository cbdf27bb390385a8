#include "app/batch/local/batch_here.h"

#include <torch/cuda.h>

#include "app/batch/local/local_launcher.h"
#include "app/batch/scheduler.h"
#include "core/messages.h"

namespace transfer {

std::vector<JobResult> run_here(const BatchOptions& options, const BatchPlan& plan,
                                const BatchFolder& folder) {
  const auto gpus = torch::cuda::is_available() && options.device.empty()
                        ? static_cast<std::int64_t>(torch::cuda::device_count())
                        : 0;
  const LocalShares shares = share_machine(options.jobs, options.threads, gpus);
  if (const auto warning =
          shared_gpus_warning(shares, static_cast<std::int64_t>(plan.names().size()))) {
    warn("{}", *warning);
  }
  LocalLauncher launcher(folder, plan.names(), shares);
  StateTable table(plan, folder, {shares.jobs, /*are_certain=*/true});
  return run_jobs(plan, folder, launcher, {options.retries, options.fail_fast}, table);
}

}  // namespace transfer
