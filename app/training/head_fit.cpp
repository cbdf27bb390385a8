#include "app/training/head_fit.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>

#include "app/training/early_stopping.h"
#include "app/training/head_objective.h"
#include "app/training/lbfgs.h"
#include "app/training/monitor.h"
#include "app/training/optimizers.h"
#include "app/training/schedule.h"
#include "app/training/train_score.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/random.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

/// Rows that go through the head at a time; bounds the memory for features from files.
constexpr std::int64_t kChunk = 4096;

/// Make the random numbers of different uses of one seed differ.
enum SeedUse : std::uint64_t { kOrderSeed = 0x5EED, kStartSeed = 0x57A2, kDropoutSeed = 0xD209 };

Head start_of(const HeadProblem& problem) {
  if (!problem.initial.layers.empty()) return problem.initial.copy_to(problem.device);
  const std::int64_t features = problem.train.views.front().dimension();
  if (problem.head.hidden.empty()) {
    return linear_head(torch::zeros({problem.classes, features}), torch::zeros({problem.classes}))
        .copy_to(problem.device);
  }
  return random_head(problem.head, features, problem.classes, mix_seed({problem.seed, kStartSeed}))
      .copy_to(problem.device);
}

/// Some rows of the training set, in which every view of every image counts: row · views + view.
struct TrainingRows {
  torch::Tensor features;  ///< [n,D], those of one view together
  Truth truth;             ///< of the n rows
};

TrainingRows gather(const FeatureSet& train, std::span<const std::int64_t> positions) {
  const auto views = static_cast<std::int64_t>(train.views.size());
  std::vector<std::vector<std::int64_t>> rows(train.views.size());
  for (const std::int64_t position : positions) {
    rows[static_cast<std::size_t>(position % views)].push_back(position / views);
  }
  std::vector<torch::Tensor> features;
  std::vector<std::int64_t> all_rows;
  for (std::size_t view = 0; view < rows.size(); ++view) {
    features.push_back(train.views[view].gather(rows[view]));
    all_rows.insert(all_rows.end(), rows[view].begin(), rows[view].end());
  }
  return {torch::cat(features), train.truth().select(torch::tensor(all_rows, torch::kInt64))};
}

/// One fit. The optimizers share evaluating, reporting, and keeping the best weights.
class HeadFit {
 public:
  explicit HeadFit(const HeadProblem& problem)
      : problem_(problem),
        stopping_(problem.options.patience, problem.options.min_delta),
        plateau_(problem.options) {
    head_ = start_of(problem);
    best_ = head_.copy_to(problem.device);
    for (const auto& parameter : head_.parameters()) parameter.set_requires_grad(true);
  }

  FittedHead run() {
    if (problem_.options.optimizer == Optimizer::kLbfgs) {
      run_lbfgs();
    } else {
      run_batches();
    }
    FittedHead fitted;
    fitted.head = for_units(best_);
    fitted.best_epoch = keeps_best() ? stopping_.best_epoch() : epoch_;
    fitted.epochs = epoch_;
    fitted.end = end();
    fitted.gradient_norm = gradient_norm_;
    return fitted;
  }

 private:
  TrainingEnd end() const {
    if (converged_) return TrainingEnd::kConvergence;
    if (time_is_up_) return TrainingEnd::kTimeLimit;
    return stopping_.should_stop() ? TrainingEnd::kPatience : TrainingEnd::kEpochs;
  }

  /// The head for unscaled features and targets.
  Head for_units(const Head& head) const {
    return problem_.loss.target_scaling.in_units(problem_.scaling.unscaled(head));
  }

  torch::Tensor scaled(const torch::Tensor& features) const {
    return problem_.scaling.apply(features).to(problem_.device);
  }

  /// Chooses new units where the first ones have lost their meaning.
  static bool needs_units(std::int64_t iteration) { return iteration == 8 || iteration == 24; }

  void run_lbfgs() {
    HeadObjective objective(problem_, head_);
    auto optimizer = std::make_unique<Lbfgs>(objective.coordinates());
    while (epoch_ < problem_.options.iterations && !stopping_.should_stop()) {
      if (needs_units(epoch_)) {
        objective.choose_units();
        optimizer = std::make_unique<Lbfgs>(objective.coordinates());
      }
      converged_ = optimizer->step([&objective] { return objective.evaluate(); });
      head_ = objective.head();
      score_sums_ = objective.score_sums();
      gradient_norm_ = objective.gradient_norm();
      finish_epoch(objective.train_loss(), 0.0);
      time_is_up_ = problem_.time_limit.is_up();
      if (converged_ || time_is_up_) break;
    }
  }

  /// The weights decay, the bias does not.
  std::vector<ParameterGroup> groups() const {
    ParameterGroup decayed;
    decayed.weight_decay = problem_.weight_decay;
    ParameterGroup plain;
    for (const LinearLayer& layer : head_.layers) {
      decayed.parameters.push_back(layer.weight);
      plain.parameters.push_back(layer.bias);
    }
    return {decayed, plain};
  }

  /// One pass in random order over all views; returns the mean loss and the last rate.
  std::pair<double, double> run_epoch(torch::optim::Optimizer& optimizer,
                                      const std::vector<ParameterGroup>& head, Random& random) {
    const FeatureSet& train = problem_.train;
    score_sums_.reset();
    std::vector<std::int64_t> order(static_cast<std::size_t>(train.rows()) * train.views.size());
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(order);
    const auto batch_size = static_cast<std::size_t>(problem_.options.batch_size);
    double sum = 0;
    double weight = 0;
    double rate = 0;
    for (std::size_t first = 0; first < order.size(); first += batch_size) {
      throw_if_stopped();
      const std::size_t count = std::min(batch_size, order.size() - first);
      const auto rows = gather(train, std::span(order).subspan(first, count));
      const double batch_weight = problem_.loss.weight(rows.truth);
      if (batch_weight == 0) continue;
      const auto images = static_cast<double>(order.size());
      rate = learning_rate_at(problem_.options,
                              static_cast<double>(epoch_) + static_cast<double>(first) / images,
                              static_cast<double>(count) / images) *
             plateau_.factor();
      set_learning_rate(optimizer, head, rate);
      optimizer.zero_grad();
      if (head_.dropout > 0) {
        at::manual_seed(
            mix_seed({problem_.seed, kDropoutSeed, static_cast<std::uint64_t>(epoch_), first}));
      }
      const auto outputs = head_.training_logits(scaled(rows.features));
      const Truth truth = rows.truth.to(problem_.device);
      const auto sums = problem_.loss.sums(outputs, truth);
      add_score(outputs, truth);
      (sums.objective / batch_weight).backward();
      optimizer.step();
      sum += sums.in_units.item<double>();
      weight += batch_weight;
      time_is_up_ = problem_.time_limit.is_up();
      if (time_is_up_) break;
    }
    return {sum / weight, rate};
  }

  void run_batches() {
    const auto head = groups();
    const auto optimizer = make_optimizer(head, problem_.options);
    Random random(mix_seed({problem_.seed, kOrderSeed}));
    while (epoch_ < problem_.options.epochs && !stopping_.should_stop() && !time_is_up_) {
      const auto [loss, rate] = run_epoch(*optimizer, head, random);
      finish_epoch(loss, rate);
    }
  }

  void finish_epoch(double train_loss, double rate) {
    torch::NoGradGuard no_gradients;
    ++epoch_;
    const auto val_outputs = head_logits(for_units(head_), problem_.val, problem_.device);
    const auto metrics = measure(problem_.loss.objective, val_outputs, problem_.val.truth(),
                                 measured_for(problem_.options.monitor));
    const double val_loss = loss_of(metrics);
    if (!std::isfinite(train_loss) || !std::isfinite(val_loss)) {
      throw TrainingError(fmt::format(
          "the loss is NaN or infinite in epoch {}. Lower train.lr or head.weight_decay.", epoch_));
    }
    plateau_.take(val_loss);
    const double monitored = monitored_value(metrics, problem_.options.monitor);
    if (stopping_.is_better(monitored) || !keeps_best()) {
      best_ = head_.copy_to(problem_.device);
    }
    if (!problem_.on_epoch) return;
    EpochReport report{epoch_, train_loss, val_loss, score_of(metrics), rate, clock_.seconds()};
    report.val_monitored = further_number(metrics, problem_.options.monitor);
    if (score_sums_.defined()) {
      const auto sums = score_sums_.cpu();
      const auto* const first = sums.const_data_ptr<double>();
      report.train_score = score_of_sums(problem_.loss.objective, {first, first + sums.numel()});
    }
    problem_.on_epoch(report);
  }

  /// Adds a part of the images to the training score, where somebody wants to know it.
  void add_score(const torch::Tensor& outputs, const Truth& truth) {
    if (!problem_.on_epoch) return;
    const auto sums = score_sums(problem_.loss, outputs, truth);
    score_sums_ = score_sums_.defined() ? score_sums_ + sums : sums;
  }

  /// L-BFGS that is not stopped early ends at the optimum, which is its last iteration.
  bool keeps_best() const {
    return problem_.options.optimizer != Optimizer::kLbfgs || problem_.options.patience > 0;
  }

  const HeadProblem& problem_;
  EarlyStopping stopping_;
  PlateauSchedule plateau_;
  Stopwatch clock_;
  Head head_;
  Head best_;
  std::int64_t epoch_ = 0;
  bool converged_ = false;
  bool time_is_up_ = false;
  double gradient_norm_ = 0;
  /// Of the last pass over the training images; see score_sums().
  torch::Tensor score_sums_;
};

}  // namespace

FittedHead fit_head(const HeadProblem& problem) { return HeadFit(problem).run(); }

torch::Tensor head_logits(const Head& head, const FeatureSet& set, torch::Device device) {
  torch::NoGradGuard no_gradients;
  auto logits = torch::empty({set.rows(), head.last().bias.size(0)});
  const Head there = head.copy_to(device);
  for (std::int64_t first = 0; first < set.rows(); first += kChunk) {
    const std::int64_t count = std::min(kChunk, set.rows() - first);
    logits.narrow(0, first, count)
        .copy_(there.logits(set.views.front().read(first, count).to(device)));
  }
  return logits;
}

}  // namespace transfer
