#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_cache_fields(std::vector<Field>& fields, CacheConfig& c) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"cache.activations", &c.activations, kNoLimits, "none", kResult, kFrozenStages,
       "Whether to store the output of stages that never train (train.freeze_stages) where their "
       "images repeat: without mixup and CutMix, and either without augmentation or with "
       "augment.views. Otherwise these stages run again in every step.",
       "false"},
      {"cache.precision", &c.precision, kNoLimits, "none", kResult, kFrozenStages,
       "How that output is stored. auto: float16, which takes half the space, where it moves the "
       "logits of sample images by less than 0.01. The features of a head are always float32.",
       "float32"},
      {"cache.memory_mb", &c.memory_mb, between(0, 1e9), "megabytes", kPlaceOrSpeed,
       kStoredFeatures,
       "Features held in memory; beyond it they go to files. auto: 1024, or less "
       "where a container's memory limit leaves less.",
       "4096"},
      {"cache.share", &c.share, kNoLimits, "none", kPlaceOrSpeed, kStoredFeatures,
       "Whether features go to the feature store even where memory would hold them, for other runs "
       "on the same images. `transfer batch` turns it on.",
       "true"},
      {"cache.dir", &c.dir, kNoLimits, "none", kPlaceOrSpeed, kStoredFeatures,
       "Folder of the feature store. Empty: feature-store beside the run directory.",
       "/scratch/features"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
