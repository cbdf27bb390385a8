#include "app/runs/training_input_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/features/feature_store.h"
#include "app/training/activation_precision.h"
#include "app/training/image_input.h"
#include "app/training/parameter_groups.h"
#include "app/training/stored_input.h"
#include "app/training/taught_input.h"
#include "app/training/training_batches.h"
#include "app/training/unfreezing.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

/// Parameters of the head and of the stages from `first` on.
std::vector<std::string> trainable_from(std::int64_t first, const TrainableNetwork& network,
                                        const Config& config) {
  std::vector<std::string> names;
  for (const auto& group : parameter_groups(network.parameters(), network.stages(),
                                            TrainableNetwork::kHead, config.train, 0.0)) {
    if (group.stage_index >= first) {
      names.insert(names.end(), group.names.begin(), group.names.end());
    }
  }
  return names;
}

/// The stage to split behind; empty if no stage is frozen in all epochs or the network cannot be
/// split there.
std::string split_behind_frozen_stages(const Config& config, TrainableNetwork& network) {
  const auto& stages = network.stages();
  const std::int64_t frozen =
      stages_never_trained(config.train, static_cast<std::int64_t>(stages.size()));
  if (stages.empty() || frozen == 0) return "";
  const std::string& stage = stages[static_cast<std::size_t>(frozen - 1)];
  try {
    network.split_behind(stage, trainable_from(frozen, network, config));
  } catch (const ModelError& error) {
    note("training runs unsplit, frozen stages included: {}", error.what());
    return "";
  }
  return stage;
}

StoredLayers stored_layers(const Config& config, const Preprocessing& preprocessing,
                           const std::shared_ptr<const FrozenPrefix>& prefix,
                           CachePrecision precision) {
  const auto type = precision == CachePrecision::kFloat16 ? torch::kFloat16 : torch::kFloat32;
  const auto& train = config.train;
  const std::string weights =
      train.from_scratch ? fmt::format("random {}", config.seed) : "pretrained";
  const bool folded = train.batch_norm == BatchNorm::kFolded;
  return {fmt::format("activations {} {} {} {}", prefix->stage(), weights,
                      folded ? "folded" : "unfolded", name_of(precision)),
          prefix->engine(), RowFormat(prefix->shape(preprocessing), type),
          [prefix](const torch::Tensor& images) { return prefix->activations(images); }};
}

/// Activations of training images at regular intervals.
torch::Tensor sample_of_activations(const std::vector<Sample>& train,
                                    const Preprocessing& preprocessing, std::int64_t threads,
                                    const TrainedPart& part) {
  constexpr std::size_t kMostImages = 32;
  const std::size_t step = (train.size() + kMostImages - 1) / kMostImages;
  std::vector<Sample> sample;
  for (std::size_t i = 0; i < train.size(); i += step) sample.push_back(train[i]);
  LoaderOptions options;
  options.preprocessing = preprocessing;
  options.batch_size = static_cast<std::int64_t>(sample.size());
  options.workers = threads;
  Loader loader(sample, options);
  const auto batch = loader.next();
  return part.input_of(batch->images);
}

/// The input without a teacher.
ChosenInput choose_untaught_input(Preparation& p, const std::filesystem::path& feature_store,
                                  TrainableNetwork& network) {
  const Preprocessing& preprocessing = p.preprocessing();
  const Fusion fusion = p.config.compute.fusion;
  const std::string stage = split_behind_frozen_stages(p.config, network);
  if (stage.empty()) {
    return {std::make_unique<ImageInput>(p.dataset, preprocessing, TrainedPart{}, p.device,
                                         p.threads, fusion),
            "", ""};
  }
  auto prefix = std::make_shared<const FrozenPrefix>(network.frozen_prefix(fusion));
  if (!p.config.cache.activations || !images_repeat(p.config.augment)) {
    note("the frozen layers up to {} run without autograd in every step", stage);
    const TrainedPart part{/*is_behind_split=*/true, prefix};
    return {
        std::make_unique<ImageInput>(p.dataset, preprocessing, part, p.device, p.threads, fusion),
        stage, ""};
  }
  auto& precision = p.config.cache.precision;
  if (precision == CachePrecision::kAuto) {
    network.evaluate();
    const bool suffices =
        float16_suffices(sample_of_activations(p.dataset.train, preprocessing, p.threads,
                                               {/*is_behind_split=*/true, prefix}),
                         [&network](const torch::Tensor& activations) {
                           const torch::NoGradGuard no_gradients;
                           return network.logits_behind_split(activations).to(torch::kCPU);
                         });
    const auto own = suffices ? CachePrecision::kFloat16 : CachePrecision::kFloat32;
    precision = *parse_name<CachePrecision>(broadcast_text(*p.group, std::string(name_of(own))));
  }
  const auto layers = stored_layers(p.config, preprocessing, prefix, precision);
  note("the frozen layers up to {} run once per image{}; their activations ({}, {}) are kept",
       stage, p.config.augment.views > 0 ? " and view" : "", fmt::join(layers.format.shape, " x "),
       name_of(precision));
  FeatureStore store(p.backbone, layers, p.config, feature_store, p.device, p.threads);
  return {
      std::make_unique<StoredInput>(std::move(store), p.dataset, p.config.augment.views, p.threads),
      stage, std::string(name_of(precision))};
}

}  // namespace

void rehearse_training(const Config& config, TrainableNetwork& network) {
  const auto stages = stage_count(network);
  network.rehearse(trainable_from(stages_never_trained(config.train, stages), network, config));
}

ChosenInput choose_training_input(Preparation& p, const std::filesystem::path& feature_store,
                                  TrainableNetwork& network) {
  ChosenInput chosen = choose_untaught_input(p, feature_store, network);
  if (!p.teacher) return chosen;
  chosen.input = std::make_unique<TaughtInput>(std::move(chosen.input), p.teacher, p.dataset,
                                               p.config, p.device, p.threads, *p.group);
  return chosen;
}

}  // namespace transfer
