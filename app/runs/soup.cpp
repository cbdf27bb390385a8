#include "app/runs/soup.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "app/features/broken_images.h"
#include "app/features/model_logits.h"
#include "app/preparation/model_trust.h"
#include "app/report/summary.h"
#include "app/runs/learned_confidence.h"
#include "core/cancellation.h"
#include "core/run_files.h"
#include "models/model_weights.h"
#include "models/trainable_network.h"

namespace transfer {
namespace {

/// A network whose weights are the mean of those of runs.
class MeanNetwork {
 public:
  explicit MeanNetwork(const Preparation& p)
      : preparation_(p),
        network_(p.backbone, trainable_options(p.config, p.classes()), p.device),
        state_(network_.state()) {
    network_.evaluate();
  }

  /// Makes the network the mean of those kept and of this run.
  void try_with(const SoupIngredient& run) {
    const Config& config = preparation_.config;
    load_model_weights(run.folder / run_file::kModel, state_,
                       own_model_trust(config.trust, config.trust_file));
    candidate_.clear();
    for (std::size_t i = 0; i < state_.size(); ++i) {
      const torch::Tensor& tensor = state_[i].second;
      const bool adds = !sum_.empty() && tensor.is_floating_point();
      candidate_.push_back(sum_.empty() ? tensor.clone() : adds ? sum_[i] + tensor : sum_[i]);
    }
    set_to(candidate_, kept_ + 1);
  }

  /// Keeps the run that was tried last.
  void keep() {
    sum_ = std::move(candidate_);
    ++kept_;
  }

  /// Makes the network the mean of those kept alone.
  void use_kept() { set_to(sum_, kept_); }

  /// What it gives for the validation images.
  SplitOutputs validate() const {
    throw_if_stopped();
    const auto frozen = network_.frozen_whole(preparation_.config.compute.fusion);
    ImagePass pass;
    pass.samples = preparation_.dataset.val;
    pass.device = preparation_.device;
    pass.threads = preparation_.threads;
    pass.title = "validation images";
    pass.loader.preprocessing = preparation_.preprocessing();
    const ImageLogits result =
        image_logits(std::move(pass), preparation_.classes(),
                     [&](const torch::Tensor& images) { return frozen.activations(images); });
    return {result.logits, truth_of(preparation_.dataset.val, result.broken)};
  }

  const TrainableNetwork& network() const { return network_; }

 private:
  void set_to(const std::vector<torch::Tensor>& sum, std::int64_t runs) {
    for (std::size_t i = 0; i < state_.size(); ++i) {
      torch::Tensor tensor = state_[i].second;
      tensor.copy_(tensor.is_floating_point() ? sum[i] / static_cast<double>(runs) : sum[i]);
    }
  }

  const Preparation& preparation_;
  TrainableNetwork network_;
  std::vector<std::pair<std::string, torch::Tensor>> state_;
  std::vector<torch::Tensor> sum_;
  std::vector<torch::Tensor> candidate_;
  std::int64_t kept_ = 0;
};

Score score_of_outputs(const SplitOutputs& val, const Objective& objective) {
  return score_of(measure(objective, val.outputs, val.truth, {}));
}

/// The positions of the runs from the best on; of equal ones the earlier first.
std::vector<std::size_t> from_the_best_on(const std::vector<SoupIngredient>& runs) {
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return runs[a].val.value > runs[b].val.value;
  });
  return order;
}

/// Leaves the network as the mean of the runs that are taken. Returns what it gives.
SplitOutputs mix_greedily(MeanNetwork& mean, const std::vector<SoupIngredient>& runs,
                          const Objective& objective, std::vector<bool>& taken) {
  SplitOutputs best;
  double best_score = -HUGE_VAL;
  for (const std::size_t i : from_the_best_on(runs)) {
    mean.try_with(runs[i]);
    SplitOutputs val = mean.validate();
    const double score = score_of_outputs(val, objective).value;
    const bool is_first = !best.outputs.defined();
    if (!is_first && !(score >= best_score)) continue;
    mean.keep();
    taken[i] = true;
    best = std::move(val);
    best_score = score;
  }
  mean.use_kept();
  return best;
}

SplitOutputs mix_all(MeanNetwork& mean, const std::vector<SoupIngredient>& runs,
                     std::vector<bool>& taken) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    throw_if_stopped();
    mean.try_with(runs[i]);
    mean.keep();
    taken[i] = true;
  }
  return mean.validate();
}

}  // namespace

Soup write_soup(const Preparation& p, const std::vector<SoupIngredient>& runs, SoupMethod method,
                const std::filesystem::path& file) {
  const torch::NoGradGuard no_gradients;
  Soup soup;
  soup.taken.resize(runs.size(), false);
  MeanNetwork mean(p);
  const SplitOutputs val = method == SoupMethod::kGreedy
                               ? mix_greedily(mean, runs, p.objective(), soup.taken)
                               : mix_all(mean, runs, soup.taken);
  soup.val = score_of_outputs(val, p.objective());
  soup.images = val.truth.counted().size(0);
  Summary learnt;
  const Confidence confidence = learn_confidence(
      p, val, truth_of(p.dataset.train),
      [&] { return features_by_pass(mean.network(), p, p.dataset.val, "known images"); }, learnt);
  soup.temperature = confidence.temperature();
  mean.network().write(p.dataset.classes, file, p.objective(), WriteCheck::kReadBack, confidence);
  return soup;
}

}  // namespace transfer
