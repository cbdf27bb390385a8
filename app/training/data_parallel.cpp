#include "app/training/data_parallel.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "core/cancellation.h"

namespace transfer {
namespace {

std::span<std::byte> bytes_of(const torch::Tensor& tensor) {
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

/// Runs `exchange` on the tensor's numbers in host memory, in the order in which they lie.
template <typename Exchange>
void in_host_memory(const torch::Tensor& tensor, const Exchange& exchange) {
  if (tensor.is_cpu() && tensor.is_non_overlapping_and_dense()) {
    exchange(tensor);
    return;
  }
  const auto copy = tensor.to(torch::kCPU, tensor.scalar_type(), /*non_blocking=*/false,
                              /*copy=*/true, torch::MemoryFormat::Contiguous);
  exchange(copy);
  tensor.copy_(copy);
}

bool is_running_statistic(const std::string& name) {
  return name.ends_with("running_mean") || name.ends_with("running_var");
}

/// The mean over all processes; `share` is the weight of this one.
void average(ProcessGroup& group, const torch::Tensor& tensor, double share) {
  in_host_memory(tensor, [&group, share](const torch::Tensor& numbers) {
    numbers.mul_(share);
    group.sum(std::span(numbers.data_ptr<float>(), static_cast<std::size_t>(numbers.numel())));
  });
}

/// This process's share of the images of all processes; an equal share if there are none.
double share_of(ProcessGroup& group, std::int64_t images) {
  std::array<double, 1> all = {static_cast<double>(images)};
  group.sum(std::span<double>(all));
  return all[0] > 0 ? static_cast<double>(images) / all[0]
                    : 1.0 / static_cast<double>(group.size());
}

/// An image as text: its number, then the reason.
void append(std::string& text, const BrokenImage& image) {
  const auto add = [&text](std::int64_t number) {
    text.append(reinterpret_cast<const char*>(&number), sizeof(number));
  };
  add(image.sample);
  add(static_cast<std::int64_t>(image.reason.size()));
  text += image.reason;
}

std::vector<BrokenImage> parse(const std::string& text) {
  std::vector<BrokenImage> images;
  std::size_t at = 0;
  const auto read = [&] {
    std::int64_t number = 0;
    std::memcpy(&number, text.data() + at, sizeof(number));
    at += sizeof(number);
    return number;
  };
  while (at < text.size()) {
    BrokenImage image;
    image.sample = read();
    const auto length = static_cast<std::size_t>(read());
    image.reason = text.substr(at, length);
    at += length;
    images.push_back(std::move(image));
  }
  return images;
}

}  // namespace

Agreement agree(ProcessGroup& group, int signal, bool is_due, bool is_late) {
  // Where processes received different ones, the last in this list counts.
  constexpr std::array kSignals = {SIGPIPE, SIGHUP, SIGTERM, SIGINT};
  std::array<double, kSignals.size() + 2> votes = {};
  double& saves = votes[kSignals.size()];
  double& time_is_up = votes[kSignals.size() + 1];
  for (std::size_t i = 0; i < kSignals.size(); ++i) votes[i] = signal == kSignals[i] ? 1 : 0;
  saves = group.is_rank0() && is_due ? 1 : 0;
  time_is_up = group.is_rank0() && is_late ? 1 : 0;
  group.sum(std::span<double>(votes));
  Agreement agreement;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (votes[i] > 0) agreement.signal = kSignals[i];
  }
  agreement.time_is_up = time_is_up > 0;
  agreement.saves = saves > 0 || agreement.time_is_up || agreement.signal != 0;
  return agreement;
}

void throw_if_any_stopped(ProcessGroup& group, int signal) {
  const Agreement agreement = agree(group, signal, false);
  if (agreement.signal != 0) throw_stopped(agreement.signal);
}

void broadcast_tensors(ProcessGroup& group, const NamedTensors& tensors) {
  if (group.size() == 1) return;
  const at::NoGradGuard no_gradients;
  for (const auto& entry : tensors) {
    in_host_memory(entry.second,
                   [&group](const torch::Tensor& numbers) { group.broadcast(bytes_of(numbers)); });
  }
}

void share_state(ProcessGroup& group, const TrainableNetwork& network, BatchNormBuffers buffers,
                 std::int64_t images) {
  if (group.size() == 1) return;
  const at::NoGradGuard no_gradients;
  const bool averages = buffers == BatchNormBuffers::kSynchronised;
  const double share = averages ? share_of(group, images) : 0;
  NamedTensors from_first;
  for (const auto& [name, tensor] : network.state()) {
    if (averages && is_running_statistic(name)) {
      average(group, tensor.detach(), share);
    } else {
      from_first.emplace_back(name, tensor.detach());
    }
  }
  broadcast_tensors(group, from_first);
}

ImageLogits put_together(ProcessGroup& group, ImageLogits part) {
  if (group.size() == 1) return part;
  part.logits = part.logits.contiguous();
  group.sum(
      std::span(part.logits.data_ptr<float>(), static_cast<std::size_t>(part.logits.numel())));
  part.broken = gather_broken(group, part.broken);
  return part;
}

std::vector<BrokenImage> gather_broken(ProcessGroup& group, const std::vector<BrokenImage>& own) {
  std::string text;
  for (const BrokenImage& image : own) append(text, image);
  std::vector<BrokenImage> all;
  for (const std::string& part : group.gather(text)) {
    auto images = parse(part);
    std::move(images.begin(), images.end(), std::back_inserter(all));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.sample < b.sample; });
  const auto repeated = std::unique(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.sample == b.sample; });
  all.erase(repeated, all.end());
  return all;
}

}  // namespace transfer
