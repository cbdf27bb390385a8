#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_general_fields(std::vector<Field>& fields, Config& c) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"strategy", &c.strategy, kNoLimits, "none", kResult, kEveryRun,
       "Which layers train: freeze-conv, early-features, all-features, fine-tune, retrain, or "
       "auto, "
       "which measures which of them suits the data.",
       "fine-tune"},
      {"quality", &c.quality, kNoLimits, "none", kResult, kEveryRun,
       "What the strategy auto may spend. fast: one pass of the frozen network. balanced: it also "
       "chooses how images are fitted to the network and how large, and whether layers train. "
       "best: "
       "also the backbones that are exported, several of which answer together. none: auto looks "
       "at "
       "the strategies alone. With train.time_limit the plan fits the time.",
       "best"},
      {"members", &c.members, kNoLimits, "none", kResult, kEveryRun,
       "A run that joins several models to one: the settings in which each model differs from this "
       "configuration, as 'KEY=VALUE; KEY=VALUE'. quality: best writes it, so that config.yaml "
       "repeats its run.",
       "['strategy=freeze-conv', 'strategy=all-features; data.input_size=288']"},
      {"task", &c.task, kNoLimits, "none", kResult, kEveryRun,
       "What is predicted of an image: its class or labels (classification) or numbers "
       "(regression).",
       "regression"},
      {"backbone", &c.backbone, kNoLimits, "none", kResult, kEveryRun,
       "The pretrained network: a TorchScript file, a run directory, the name of an exported "
       "backbone, torchvision:ARCHITECTURE or timm:ARCHITECTURE, which are exported on first use, "
       "or flatten, which takes the pixels themselves as features, whatever the strategy.",
       "torchvision:resnet50"},
      {"cut", &c.cut, kNoLimits, "none", kResult, kStageCut,
       "Stage whose output early-features takes. Empty: the best one, found by probing the stages. "
       "`transfer inspect` lists them.",
       "features.4"},
      {"seed", &c.seed, between(0, 9007199254740992.0), "none", kResult, kEveryRun,
       "Seeds the split of the data, the augmentation, the head's first weights and the order of "
       "batches.",
       "3"},
      {"device", &c.device, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Where to compute: cpu, cuda, cuda:N, or auto, which takes a GPU where there is one.",
       "cuda:0"},
      {"threads", &c.threads, between(0, 4096), "threads", kPlaceOrSpeed, kEveryRun,
       "Threads for arithmetic. 0: one for each core that the process may use, within a "
       "container's CPU limit.",
       "4"},
      {"out", &c.out, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "The run directory. Empty: runs/TIME-DATA-STRATEGY.", "runs/pets"},
      {"overwrite", &c.overwrite, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Whether an existing run directory may be replaced.", "true"},
      {"trust", &c.trust, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Which model files may load, since each holds a program. checked: those whose programs hold "
       "operators on tensors alone. pinned: only those whose SHA-256 trust_file lists. "
       "sha256:DIGITS, several separated by commas: only these. ask: as checked, but asks about "
       "each that is not pinned. always: every file, whatever its program does.",
       "pinned"},
      {"trust_file", &c.trust_file, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "A file of hashes of model files that are trusted, one a line: sha256:DIGITS, or what "
       "sha256sum prints. They load whatever their programs do.",
       "models.sha256"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
