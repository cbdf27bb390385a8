#include "app/training/gradient_buckets.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include "core/stopwatch.h"

namespace transfer {

/// Called by LibTorch when a parameter's gradient is complete.
class GradientBuckets::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(GradientBuckets& buckets, std::size_t parameter)
      : buckets_(buckets), parameter_(parameter) {}
  void operator()(const torch::autograd::Variable&) override { buckets_.arrived(parameter_); }

 private:
  GradientBuckets& buckets_;
  std::size_t parameter_;
};

struct GradientBuckets::Bucket {
  std::vector<std::size_t> parameters;
  /// On the host: the gradients one after another, then for each parameter 1 if it has one, else 0.
  torch::Tensor flat;
  /// The gradients of `flat` where the parameters lie: on the CPU the same memory.
  torch::Tensor gradients;
  /// The parts of `gradients` in the parameters' shapes and layouts.
  std::vector<torch::Tensor> parts;
  /// When `flat` holds a GPU's gradients.
  std::optional<c10::Event> arrival;
  std::vector<bool> is_here;
  std::size_t here = 0;
  std::unique_ptr<ProcessGroup::Pending> pending;

  torch::Tensor gradients_on_host() const {
    return flat.narrow(0, 0, flat.size(0) - static_cast<std::int64_t>(parameters.size()));
  }

  float& presence(std::size_t i) {
    return flat.data_ptr<float>()[flat.size(0) - static_cast<std::int64_t>(parameters.size() - i)];
  }
};

namespace {

/// A part of a flat buffer, laid out as the parameter, so that copying is one pass.
torch::Tensor part_like(const torch::Tensor& flat, std::int64_t first,
                        const torch::Tensor& parameter) {
  const auto part = flat.narrow(0, first, parameter.numel());
  if (!parameter.is_non_overlapping_and_dense()) return part.view(parameter.sizes());
  return part.as_strided(parameter.sizes(), parameter.strides());
}

std::optional<CopyStream> copy_stream_of(const std::vector<torch::Tensor>& parameters) {
  if (parameters.empty()) return std::nullopt;
  return copy_stream_for(parameters.front().device());
}

}  // namespace

GradientBuckets::GradientBuckets(ProcessGroup& group, std::vector<torch::Tensor> parameters,
                                 std::int64_t bytes)
    : group_(group),
      parameters_(std::move(parameters)),
      places_(parameters_.size()),
      copies_(copy_stream_of(parameters_)) {
  const auto numbers = bytes / static_cast<std::int64_t>(sizeof(float));
  std::int64_t size = numbers;
  for (std::size_t i = parameters_.size(); i-- > 0;) {
    if (size >= numbers) {
      buckets_.emplace_back();
      size = 0;
    }
    places_[i] = {buckets_.size() - 1, buckets_.back().parameters.size()};
    buckets_.back().parameters.push_back(i);
    size += parameters_[i].numel();
  }
  for (Bucket& bucket : buckets_) make_buffers(bucket);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameters_[i],
                                                   std::make_unique<Hook>(*this, i));
  }
}

void GradientBuckets::make_buffers(Bucket& bucket) const {
  auto length = static_cast<std::int64_t>(bucket.parameters.size());
  for (const std::size_t i : bucket.parameters) length += parameters_[i].numel();
  const auto device = parameters_[bucket.parameters.front()].device();
  bucket.flat =
      torch::zeros({length}, torch::TensorOptions(torch::kFloat32).pinned_memory(device.is_cuda()));
  bucket.gradients = bucket.gradients_on_host().to(device);
  std::int64_t first = 0;
  for (const std::size_t i : bucket.parameters) {
    bucket.parts.push_back(part_like(bucket.gradients, first, parameters_[i]));
    first += parameters_[i].numel();
  }
}

GradientBuckets::~GradientBuckets() {
  for (const auto& parameter : parameters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
  }
}

std::size_t GradientBuckets::count() const { return buckets_.size(); }

void GradientBuckets::begin() {
  for (Bucket& bucket : buckets_) {
    bucket.is_here.assign(bucket.parameters.size(), false);
    bucket.here = 0;
    bucket.arrival.reset();
  }
  sent_ = 0;
  summing_ = 0;
  is_begun_ = true;
}

void GradientBuckets::arrived(std::size_t parameter) {
  if (!is_begun_) return;
  const at::NoGradGuard no_gradients;
  const auto [number, place] = places_[parameter];
  Bucket& bucket = buckets_[number];
  if (bucket.is_here[place]) return;
  bucket.is_here[place] = true;
  bucket.parts[place].copy_(parameters_[parameter].grad());
  ++bucket.here;
  send_complete();
  begin_sums(/*waits=*/false);
  // MPI makes progress inside its calls only.
  for (std::size_t i = 0; i < summing_; ++i) buckets_[i].pending->is_done();
}

void GradientBuckets::send_complete() {
  while (sent_ < buckets_.size() && buckets_[sent_].here == buckets_[sent_].parameters.size()) {
    send(buckets_[sent_]);
  }
}

void GradientBuckets::send(Bucket& bucket) {
  for (std::size_t i = 0; i < bucket.parameters.size(); ++i) {
    const auto& gradient = parameters_[bucket.parameters[i]].grad();
    bucket.presence(i) = gradient.defined() ? 1.0F : 0.0F;
    if (bucket.is_here[i]) continue;
    // Of earlier batches of the step, where this process has no part of the last one.
    if (gradient.defined()) {
      bucket.parts[i].copy_(gradient);
    } else {
      bucket.parts[i].zero_();
    }
  }
  if (copies_) bucket.arrival = copies_->fetch(bucket.gradients, bucket.gradients_on_host());
  ++sent_;
}

void GradientBuckets::begin_sums(bool waits) {
  for (; summing_ < sent_; ++summing_) {
    Bucket& bucket = buckets_[summing_];
    if (bucket.arrival) {
      if (!waits && !bucket.arrival->query()) return;
      bucket.arrival->synchronize();
    }
    bucket.pending = group_.begin_sum(
        std::span(bucket.flat.data_ptr<float>(), static_cast<std::size_t>(bucket.flat.size(0))));
    cost_.bytes += bucket.flat.size(0) * static_cast<std::int64_t>(sizeof(float));
  }
}

void GradientBuckets::finish() {
  if (!is_begun_) return;
  is_begun_ = false;
  const at::NoGradGuard no_gradients;
  sent_early_ = summing_;
  const Stopwatch clock;
  while (sent_ < buckets_.size()) {
    send(buckets_[sent_]);
    begin_sums(/*waits=*/false);
  }
  begin_sums(/*waits=*/true);
  for (Bucket& bucket : buckets_) {
    bucket.pending->wait();
    bucket.pending.reset();
    put_back(bucket);
  }
  ++cost_.steps;
  cost_.seconds_waiting += clock.seconds();
}

void GradientBuckets::put_back(Bucket& bucket) {
  // The next step's copy to the host waits for this one, being behind it on the GPU.
  if (copies_) bucket.gradients.copy_(bucket.gradients_on_host(), /*non_blocking=*/true);
  for (std::size_t i = 0; i < bucket.parameters.size(); ++i) {
    if (bucket.presence(i) == 0.0F) continue;
    torch::Tensor parameter = parameters_[bucket.parameters[i]];
    if (!parameter.grad().defined()) parameter.mutable_grad() = torch::empty_like(parameter);
    parameter.grad().copy_(bucket.parts[i]);
  }
}

}  // namespace transfer
