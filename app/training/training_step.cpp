#include "app/training/training_step.h"

#include <torch/optim/optimizer.h>
#include <torch/torch.h>

#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "app/compute/device_copies.h"
#include "app/training/gradients.h"
#include "app/training/mixing.h"
#include "app/training/optimizers.h"
#include "app/training/train_score.h"
#include "core/random.h"

namespace transfer {
namespace {

/// Makes the random numbers of mixing differ from those of Dropout.
constexpr std::uint64_t kMixing = 0x313;

/// The batch without the rows of broken images, which would count in BatchNorm's statistics.
struct CountedRows {
  torch::Tensor images;
  Truth truth;
  /// As in Batch.
  torch::Tensor teacher_images;
  torch::Tensor teacher_logits;
};

CountedRows counted_rows(const Batch& batch) {
  const Truth truth = batch.truth();
  if (batch.broken.empty()) {
    return {batch.images, truth, batch.teacher_images, batch.teacher_logits};
  }
  const auto rows = truth.counted();
  const auto select = [&rows](const torch::Tensor& tensor) {
    return tensor.defined() ? tensor.index_select(0, to_device(rows, tensor.device())) : tensor;
  };
  return {select(batch.images), truth.select(rows), select(batch.teacher_images),
          select(batch.teacher_logits)};
}

/// The plan for the same images in the size of `others`, both [N,C,H,W].
MixPlan plan_for(const torch::Tensor& others, const torch::Tensor& images, const MixPlan& plan) {
  const auto factor = [&](std::int64_t side) {
    return static_cast<double>(others.size(side)) / static_cast<double>(images.size(side));
  };
  return scaled_plan(plan, factor(2), factor(3));
}

Truth truth_on(torch::Device device, const Truth& truth) {
  return {to_device(truth.labels, device),
          truth.targets.defined() ? to_device(truth.targets, device) : truth.targets};
}

}  // namespace

TrainingStep::TrainingStep(TrainableNetwork& network, const Config& config, std::int64_t classes,
                           Loss loss, torch::Device device, TrainedPart part)
    : network_(network),
      config_(config),
      classes_(classes),
      loss_(std::move(loss)),
      loss_on_host_(loss_.to(torch::kCPU)),
      device_(device),
      part_(std::move(part)),
      precision_(choose_precision(config.train.precision, device)),
      groups_(parameter_groups(network.parameters(), network.stages(), TrainableNetwork::kHead,
                               config.train, config.head.weight_decay.value_or(0.0))),
      optimizer_(make_optimizer(groups_, config.train)),
      scaler_(config.train.batch_size),
      replicas_(std::make_unique<Replicas>(network, 1)) {
  set_training_score_sums({});
}

TrainingStep::~TrainingStep() = default;

void TrainingStep::use_replicas(std::int64_t count) {
  replicas_ = std::make_unique<Replicas>(network_, count);
  replicas_->train(trainable_);
}

void TrainingStep::use_group(ProcessGroup& group, std::int64_t bucket_bytes) {
  if (group.size() == 1) return;
  group_ = &group;
  bucket_bytes_ = bucket_bytes;
}

void TrainingStep::train_from(std::int64_t first) {
  trainable_.clear();
  for (const ParameterGroup& group : groups_) {
    if (group.stage_index >= first)
      trainable_.insert(trainable_.end(), group.names.begin(), group.names.end());
  }
  replicas_->train(trainable_);
  if (group_ == nullptr) return;
  earlier_cost_ = reduction_cost();
  buckets_.reset();  // the old ones remove their hooks
  const std::set<std::string> names(trainable_.begin(), trainable_.end());
  std::vector<torch::Tensor> trained;
  for (const auto& [name, tensor] : network_.parameters()) {
    if (names.contains(name)) trained.push_back(tensor);
  }
  buckets_ = std::make_unique<GradientBuckets>(*group_, std::move(trained), bucket_bytes_);
}

BatchLoss TrainingStep::add(const Batch& batch, std::uint64_t seed, bool is_last) {
  if (buckets_ && is_last) buckets_->begin();
  BatchLoss result = add_part(batch, seed);
  if (group_ != nullptr) {
    std::array<double, 2> sums = {result.sum, result.weight};
    group_->sum(std::span<double>(sums));
    result = {sums[0], sums[1]};
  }
  if (std::isfinite(result.sum)) added_weight_ += result.weight;
  return result;
}

BatchLoss TrainingStep::add_part(const Batch& batch, std::uint64_t seed) {
  if (batch.count == 0) return {};
  CountedRows rows = counted_rows(batch);
  torch::Tensor images = std::move(rows.images);
  Truth truth = std::move(rows.truth);
  // BatchNorm has no variance over the one image that broken ones left of the batch.
  const bool is_too_small = truth.rows() == 1 && network_.moves_statistics();
  if (truth.rows() == 0 || is_too_small) return {};
  images = to_device(images, device_);
  if (config_.augment.mixup > 0 || config_.augment.cutmix > 0) {
    const auto plan = draw_mix(truth.labels, images.size(2), images.size(3), config_.augment,
                               mix_seed({seed, kMixing}));
    if (rows.teacher_images.defined()) {
      rows.teacher_images =
          mix_images(rows.teacher_images, plan_for(rows.teacher_images, images, plan));
    }
    auto mixed = mix_batch(images, truth, classes_, plan);
    images = mixed.images;
    truth = mixed.truth;
  }
  Goal goal{std::move(truth), rows.teacher_logits};
  if (teacher_ != nullptr && rows.teacher_images.defined()) {
    goal.teacher = teacher_->logits(rows.teacher_images);
  }
  const auto input = part_.input_of(images);
  // By the first row of each replica's part, so that their sum has one order.
  std::vector<torch::Tensor> scores(static_cast<std::size_t>(goal.truth.rows()));
  const auto sums = replicas_->add_gradients(
      goal.truth.rows(), seed,
      [&](const TrainableNetwork& network, std::int64_t begin, std::int64_t count) {
        return add_gradients(network, input.narrow(0, begin, count), goal.narrow(begin, count),
                             scores[static_cast<std::size_t>(begin)]);
      });
  for (const torch::Tensor& score : scores) {
    if (score.defined()) training_score_sums_ += score;
  }
  return {std::accumulate(sums.begin(), sums.end(), 0.0), loss_on_host_.weight(goal.truth)};
}

TrainingStep::Goal TrainingStep::Goal::narrow(std::int64_t first, std::int64_t count) const {
  return {truth.narrow(first, count),
          teacher.defined() ? teacher.narrow(0, first, count) : teacher};
}

double TrainingStep::add_gradients(const TrainableNetwork& network, const torch::Tensor& input,
                                   const Goal& goal, torch::Tensor& score) const {
  torch::Tensor logits;
  {
    const AutocastScope autocast(precision_, device_);
    logits = part_.logits(network, input);
  }
  const auto outputs = logits.to(torch::kFloat32);
  const Truth here = truth_on(device_, goal.truth);
  const Distillation distillation{config_.train.teacher_weight, config_.train.teacher_temperature};
  const auto sums = goal.teacher.defined() ? distilled_sums(loss_, distillation, outputs, here,
                                                            to_device(goal.teacher, device_))
                                           : loss_.sums(outputs, here);
  score = score_sums(loss_, outputs, here);
  const PendingNumber result(sums.in_units);
  // Before the loss is known: a GPU that waited for the host here would stand still. The caller
  // discards the gradients of a loss that is not finite.
  (precision_.scales_loss ? scaler_.scale(sums.objective) : sums.objective).backward();
  return result.wait();
}

std::vector<double> TrainingStep::training_score_sums() const {
  const auto sums = training_score_sums_.cpu();
  const auto* const first = sums.const_data_ptr<double>();
  return {first, first + sums.numel()};
}

void TrainingStep::set_training_score_sums(const std::vector<double>& sums) {
  const auto count = count_score_sums(loss_.objective, classes_);
  const bool fits = static_cast<std::int64_t>(sums.size()) == count;
  training_score_sums_ =
      (fits ? torch::tensor(sums, torch::kFloat64) : torch::zeros({count}, torch::kFloat64))
          .to(device_);
}

void TrainingStep::finish(double rate) {
  if (buckets_) buckets_->finish();
  if (added_weight_ == 0) return;
  const auto all = parameters();
  // What decides on the step is read at the end, at once.
  std::vector<torch::Tensor> decisive;
  if (precision_.scales_loss) decisive.push_back(scaler_.unscale(all));
  scale_gradients(all, 1.0 / added_weight_);
  if (l2_sp_) l2_sp_->add_gradients();
  if (config_.train.clip_norm > 0) {
    decisive.push_back(clip_gradients(all, config_.train.clip_norm));
  }
  const auto numbers = read_numbers(decisive);
  const bool is_finite = !precision_.scales_loss || numbers.front() == 0;
  if (is_finite && (config_.train.clip_norm <= 0 || std::isfinite(numbers.back()))) {
    set_learning_rate(*optimizer_, groups_, rate);
    optimizer_->step();
  }
  if (precision_.scales_loss) scaler_.update(is_finite);
  discard();
}

void TrainingStep::discard() {
  if (buckets_) buckets_->finish();  // the other processes wait for these sums
  optimizer_->zero_grad();
  added_weight_ = 0;
}

ReductionCost TrainingStep::reduction_cost() const {
  ReductionCost cost = earlier_cost_;
  if (buckets_) {
    cost.steps += buckets_->cost().steps;
    cost.bytes += buckets_->cost().bytes;
    cost.seconds_waiting += buckets_->cost().seconds_waiting;
  }
  return cost;
}

std::vector<torch::Tensor> TrainingStep::parameters() const {
  std::vector<torch::Tensor> all;
  for (const ParameterGroup& group : groups_) {
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  }
  return all;
}

}  // namespace transfer
