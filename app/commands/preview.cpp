#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands/commands.h"
#include "core/random.h"
#include "datasets/contact_sheet.h"
#include "models/backbone.h"
#include "models/strategy.h"

namespace transfer {

int run_preview(const PreviewOptions& options) {
  const Config config = resolve_config(options.sources, strategy_names());
  const auto seed = static_cast<std::uint64_t>(config.seed);
  Dataset dataset = open_dataset(config.data, seed);
  const auto backbone = Backbone::load(find_backbone(config.backbone));
  Random(seed).shuffle(dataset.train);
  dataset.train.resize(std::min(dataset.train.size(), static_cast<std::size_t>(options.pictures)));
  write_contact_sheet(dataset.train, dataset.classes, config.augment,
                      backbone.metadata().preprocessing, options.views, seed, options.file);
  fmt::print("{}\n", options.file);
  return 0;
}

}  // namespace transfer
