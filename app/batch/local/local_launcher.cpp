#include "app/batch/local/local_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/compute/device.h"
#include "core/count_text.h"

namespace transfer {

LocalShares share_machine(std::int64_t jobs, std::int64_t threads, std::int64_t gpus) {
  const std::int64_t cores = threads > 0 ? threads : usable_cores();
  LocalShares shares;
  shares.jobs = jobs > 0 ? jobs : std::max<std::int64_t>(gpus, 1);
  shares.threads = std::max<std::int64_t>(cores / shares.jobs, 1);
  shares.gpus = gpus;
  return shares;
}

std::optional<std::string> shared_gpus_warning(const LocalShares& shares, std::int64_t count) {
  const std::int64_t at_a_time = std::min(shares.jobs, count);
  if (shares.gpus <= 0 || at_a_time <= shares.gpus) return std::nullopt;
  const std::int64_t per_gpu = (at_a_time + shares.gpus - 1) / shares.gpus;
  return fmt::format(
      "{} jobs at a time share {}: up to {} jobs on one divide its time and its memory. Where that "
      "memory does not suffice, take --jobs {} or a smaller train.batch_size",
      at_a_time, count_text(static_cast<std::size_t>(shares.gpus), "GPU"), per_gpu, shares.gpus);
}

LocalLauncher::LocalLauncher(const BatchFolder& folder, std::vector<std::string> names,
                             LocalShares shares)
    : folder_(folder), names_(std::move(names)), shares_(shares) {}

bool LocalLauncher::has_room() const {
  return static_cast<std::int64_t>(slots_.size()) < shares_.jobs;
}

void LocalLauncher::start(std::size_t job) {
  std::int64_t slot = 0;
  while (slots_.contains(slot)) ++slot;
  std::vector<std::string> arguments = {
      "batch", folder_.jobs_file().string(), "--output",  folder_.path().string(),
      "--job", fmt::format("{}", job + 1),   "--threads", fmt::format("{}", shares_.threads)};
  if (shares_.gpus > 0) {
    arguments.insert(arguments.end(), {"--device", fmt::format("cuda:{}", slot % shares_.gpus)});
  }
  slots_.emplace(slot, Slot{job, ChildProcess::start(arguments, folder_.log(names_[job]))});
}

std::vector<EndedJob> LocalLauncher::ended() {
  std::vector<EndedJob> ended;
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    if (const auto status = slot->second.process.poll()) {
      ended.push_back({slot->second.job, *status});
      slot = slots_.erase(slot);
    } else {
      ++slot;
    }
  }
  return ended;
}

void LocalLauncher::stop() {
  for (const auto& [number, slot] : slots_) slot.process.stop();
}

}  // namespace transfer
