#include "app/training/head_fit.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "app/training/early_stopping.h"
#include "app/training/lbfgs.h"
#include "app/training/optimizers.h"
#include "app/training/schedule.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/random.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// Rows taken through the head at a time; bounds the memory for features from files.
constexpr std::int64_t kChunk = 4096;

LinearHead clone_of(const LinearHead& head) {
  return {head.weight.detach().clone(), head.bias.detach().clone()};
}

/// The parts that the optimizers share: evaluating, reporting, and keeping the best weights.
class HeadFit {
 public:
  explicit HeadFit(const HeadProblem& problem)
      : problem_(problem),
        stopping_(problem.options.patience, problem.options.min_delta),
        plateau_(problem.options) {
    const auto options = torch::TensorOptions().device(problem.device);
    if (problem.initial.weight.defined()) {
      head_ = clone_of(problem.initial);
    } else {
      head_.weight =
          torch::zeros({problem.classes, problem.train.views.front().dimension()}, options);
      head_.bias = torch::zeros({problem.classes}, options);
    }
    best_ = clone_of(head_);
  }

  FittedHead run() {
    if (problem_.options.optimizer == "lbfgs") {
      run_lbfgs();
    } else {
      run_batches();
    }
    FittedHead fitted;
    fitted.head = for_units(best_);
    fitted.best_epoch = keeps_best() ? stopping_.best_epoch() : epoch_;
    fitted.epochs = epoch_;
    return fitted;
  }

 private:
  /// The head for unscaled features and targets.
  LinearHead for_units(const LinearHead& head) const {
    return problem_.loss.target_scaling.in_units(problem_.scaling.unscaled(head));
  }

  torch::Tensor logits(const torch::Tensor& features) const {
    return torch::linear(problem_.scaling.apply(features).to(problem_.device), head_.weight,
                         head_.bias);
  }

  /// Mean loss, as minimised and in the targets' units.
  struct MeanLoss {
    double objective = 0;
    double in_units = 0;
  };

  /// The loss and its gradient over all training pictures and views.
  MeanLoss full_loss_and_gradient() {
    head_.weight.mutable_grad() = torch::zeros_like(head_.weight);
    head_.bias.mutable_grad() = torch::zeros_like(head_.bias);
    const FeatureSet& train = problem_.train;
    const double weight =
        problem_.loss.weight(train.truth()) * static_cast<double>(train.views.size());
    MeanLoss total;
    for (const FeatureTable& view : train.views) {
      for (std::int64_t first = 0; first < train.rows(); first += kChunk) {
        throw_if_stopped();
        const std::int64_t count = std::min(kChunk, train.rows() - first);
        const auto truth = train.truth().narrow(first, count).to(problem_.device);
        const auto sums = problem_.loss.sums(logits(view.read(first, count)), truth);
        const auto loss = sums.objective / weight;
        loss.backward();
        total.objective += loss.item<double>();
        total.in_units += sums.in_units.item<double>() / weight;
      }
    }
    return total;
  }

  void run_lbfgs() {
    head_.weight.set_requires_grad(true);
    head_.bias.set_requires_grad(true);
    Lbfgs optimizer({head_.weight, head_.bias});
    double train_loss = 0;
    const auto objective = [&] {
      const auto [loss, in_units] = full_loss_and_gradient();
      train_loss = in_units;
      torch::NoGradGuard no_gradients;
      head_.weight.mutable_grad().add_(head_.weight, problem_.weight_decay);
      return loss + 0.5 * problem_.weight_decay * head_.weight.square().sum().item<double>();
    };
    while (epoch_ < problem_.options.iterations && !stopping_.should_stop()) {
      const bool converged = optimizer.step(objective);
      finish_epoch(train_loss, 0.0);
      if (converged) break;
    }
  }

  /// The weights decay, the bias does not.
  std::vector<ParameterGroup> groups() const {
    ParameterGroup decayed;
    decayed.weight_decay = problem_.weight_decay;
    decayed.parameters = {head_.weight};
    ParameterGroup plain;
    plain.parameters = {head_.bias};
    return {decayed, plain};
  }

  /// One pass in random order over all views; returns the mean loss and the last rate.
  std::pair<double, double> run_epoch(torch::optim::Optimizer& optimizer,
                                      const std::vector<ParameterGroup>& head, Random& random) {
    const FeatureSet& train = problem_.train;
    const std::int64_t views = static_cast<std::int64_t>(train.views.size());
    std::vector<std::int64_t> order(static_cast<std::size_t>(train.rows() * views));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    random.shuffle(order);
    const auto batch_size = static_cast<std::size_t>(problem_.options.batch_size);
    double sum = 0;
    double weight = 0;
    double rate = 0;
    for (std::size_t first = 0; first < order.size(); first += batch_size) {
      throw_if_stopped();
      const std::size_t last = std::min(first + batch_size, order.size());
      std::vector<torch::Tensor> rows;
      std::vector<std::int64_t> positions;
      for (std::size_t i = first; i < last; ++i) {
        const std::int64_t row = order[i] / views;
        const auto& view = train.views[static_cast<std::size_t>(order[i] % views)];
        rows.push_back(view.read(row, 1));
        positions.push_back(row);
      }
      const auto truth = train.truth().select(torch::tensor(positions, torch::kInt64));
      const double batch_weight = problem_.loss.weight(truth);
      if (batch_weight == 0) continue;
      rate = learning_rate_at(problem_.options,
                              static_cast<double>(epoch_) +
                                  static_cast<double>(first) / static_cast<double>(order.size())) *
             plateau_.factor();
      set_learning_rate(optimizer, head, rate);
      optimizer.zero_grad();
      const auto sums = problem_.loss.sums(logits(torch::cat(rows)), truth.to(problem_.device));
      (sums.objective / batch_weight).backward();
      optimizer.step();
      sum += sums.in_units.item<double>();
      weight += batch_weight;
    }
    return {sum / weight, rate};
  }

  void run_batches() {
    head_.weight.set_requires_grad(true);
    head_.bias.set_requires_grad(true);
    const auto head = groups();
    const auto optimizer = make_optimizer(head, problem_.options);
    Random random(mix_seed({problem_.seed, 0x5EED}));
    while (epoch_ < problem_.options.epochs && !stopping_.should_stop()) {
      const auto [loss, rate] = run_epoch(*optimizer, head, random);
      finish_epoch(loss, rate);
    }
  }

  void finish_epoch(double train_loss, double rate) {
    torch::NoGradGuard no_gradients;
    ++epoch_;
    const auto val_outputs = head_logits(for_units(head_), problem_.val, problem_.device);
    const auto metrics = measure(problem_.loss.objective, val_outputs, problem_.val.truth(), 1);
    const double val_loss = loss_of(metrics);
    if (!std::isfinite(train_loss) || !std::isfinite(val_loss)) {
      throw TrainingError(fmt::format(
          "the loss is no longer a number in epoch {}. Lower train.lr or head.weight_decay.",
          epoch_));
    }
    plateau_.take(val_loss);
    if (stopping_.is_better(val_loss) || !keeps_best()) {
      best_ = clone_of(head_);
    }
    if (problem_.on_epoch) {
      problem_.on_epoch({epoch_, train_loss, val_loss, score_of(metrics), rate, clock_.seconds()});
    }
  }

  /// L-BFGS that is not stopped early ends at the optimum, which is its last iteration.
  bool keeps_best() const {
    return problem_.options.optimizer != "lbfgs" || problem_.options.patience > 0;
  }

  const HeadProblem& problem_;
  EarlyStopping stopping_;
  PlateauSchedule plateau_;
  Stopwatch clock_;
  LinearHead head_;
  LinearHead best_;
  std::int64_t epoch_ = 0;
};

}  // namespace

FittedHead fit_head(const HeadProblem& problem) { return HeadFit(problem).run(); }

torch::Tensor head_logits(const LinearHead& head, const FeatureSet& set, torch::Device device) {
  torch::NoGradGuard no_gradients;
  auto logits = torch::empty({set.rows(), head.weight.size(0)});
  const auto weight = head.weight.to(device);
  const auto bias = head.bias.to(device);
  for (std::int64_t first = 0; first < set.rows(); first += kChunk) {
    const std::int64_t count = std::min(kChunk, set.rows() - first);
    logits.narrow(0, first, count)
        .copy_(torch::linear(set.views.front().read(first, count).to(device), weight, bias));
  }
  return logits;
}

}  // namespace transfer
