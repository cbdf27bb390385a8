#include <fmt/format.h>

#include <cstdio>

#include "app/commands/commands.h"
#include "app/preparation/backbone_choice.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/random.h"
#include "datasets/contact_sheet.h"
#include "datasets/image_content.h"
#include "datasets/target_text.h"
#include "models/strategy.h"

namespace transfer {
namespace {

/// The first `count` samples whose images can be decoded; others are warned of, as in training.
std::vector<Sample> first_readable(const std::vector<Sample>& samples, std::size_t count) {
  std::vector<Sample> readable;
  for (const Sample& sample : samples) {
    if (readable.size() == count) break;
    throw_if_stopped();
    if (const auto reason = why_broken(sample)) {
      fmt::print(stderr, "warning: left out: {}\n", *reason);
    } else {
      readable.push_back(sample);
    }
  }
  return readable;
}

}  // namespace

int run_preview(const PreviewOptions& options) {
  const Config config = resolve_config(options.sources, strategy_choices());
  const auto seed = static_cast<std::uint64_t>(config.seed);
  const TargetKind kind = objective_of(config).targets();
  Dataset dataset = open_dataset(config.data, seed, kind);
  const auto backbone = choose_backbone(config, dataset);
  Random(seed).shuffle(dataset.train);
  const auto samples = first_readable(dataset.train, static_cast<std::size_t>(options.images));
  if (samples.empty()) {
    throw DataError(fmt::format("{}: none of the {} training images can be read.", config.data.path,
                                dataset.train.size()));
  }
  std::vector<std::string> captions;
  captions.reserve(samples.size());
  for (const Sample& sample : samples) {
    captions.push_back(target_text(sample, dataset.classes, kind));
  }
  write_contact_sheet(samples, captions, config.augment, backbone.metadata().preprocessing,
                      options.views, seed, options.file);
  fmt::print("{}\n", options.file);
  return 0;
}

}  // namespace transfer
