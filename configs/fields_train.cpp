#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_rate_fields(std::vector<Field>& fields, TrainConfig& t) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"train.epochs", &t.epochs, between(1, 1e6), "epochs", kResult, kBatches,
       "Passes over the training set; for sgd and adamw.", "20"},
      {"train.iterations", &t.iterations, between(1, 1e6), "iterations", kResult, kLbfgs,
       "Most iterations of lbfgs.", "500"},
      {"train.batch_size", &t.batch_size, between(1, 1e6), "images", kResult, kBatches,
       "Images per batch; for sgd and adamw.", "32"},
      {"train.optimizer", &t.optimizer, kNoLimits, "none", kResult, kEveryRun,
       "lbfgs fits softmax regression to stored features and nothing else; adamw and sgd train "
       "anything.",
       "adamw"},
      {"train.lr", &t.lr, between(1e-12, 1e3), "none", kResult, kBatches,
       "Peak learning rate; for sgd and adamw. `transfer lr-find` suggests one.", "0.0003"},
      {"train.scale_lr_by_batch", &t.scale_lr_by_batch, kNoLimits, "none", kResult, kBatches,
       "Whether train.lr is meant for batches of 256 images and grows in proportion to the images "
       "per step (Goyal et al. 2017).",
       "true"},
      {"train.lr_decay", &t.lr_decay, between(0.01, 1), "none", kResult, kTrainedLayers,
       "Multiplier of the learning rate per stage, from the head towards the input (Howard and "
       "Ruder 2018). 1: all stages train alike.",
       "0.9"},
      {"train.head_lr_multiple", &t.head_lr_multiple, between(1e-3, 1e4), "none", kResult,
       kTrainedLayers, "Multiplier of the head's learning rate.", "10"},
      {"train.momentum", &t.momentum, between(0, 0.9999), "none", kResult, kSgd, "Momentum of sgd.",
       "0.95"},
      {"train.weight_decay", &t.weight_decay, between(0, 1e3), "none", kResult, kTrainedLayers,
       "Weight decay of the backbone, without biases and norms: an L2 penalty for sgd, decoupled "
       "for adamw (Loshchilov and Hutter 2019). The head has head.weight_decay.",
       "0.05"},
      {"train.l2_sp", &t.l2_sp, between(0, 1e3), "none", kResult, kTrainedLayers,
       "Weight of a penalty on the distance of the backbone's weights from the pretrained ones, "
       "half "
       "the sum of its squares (L2-SP, Li et al. 2018). The head has head.weight_decay. 0: off.",
       "0.01"},
      {"train.schedule", &t.schedule, kNoLimits, "none", kResult, kBatches,
       "How the learning rate moves over the epochs; for sgd and adamw. onecycle: Smith and Topin "
       "2018.",
       "onecycle"},
      {"train.step_epochs", &t.step_epochs, between(1, 1e6), "epochs", kResult, kStepSchedule,
       "Schedule step: epochs between two falls of the learning rate.", "5"},
      {"train.step_factor", &t.step_factor, between(0, 1), "none", kResult, kStepSchedule,
       "Schedule step: multiplier of the learning rate at each fall.", "0.5"},
      {"train.plateau_factor", &t.plateau_factor, between(0, 1), "none", kResult, kPlateauSchedule,
       "Schedule plateau: multiplier of the learning rate when the validation loss stops falling.",
       "0.5"},
      {"train.plateau_patience", &t.plateau_patience, between(1, 1e6), "epochs", kResult,
       kPlateauSchedule,
       "Schedule plateau: epochs without a better validation loss before the learning rate falls.",
       "5"},
      {"train.warmup_epochs", &t.warmup_epochs, between(0, 1e6), "epochs", kResult, kWarmup,
       "Linear warm-up from 0 to train.lr; fractions are allowed. onecycle has its own.", "0.5"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

void add_step_fields(std::vector<Field>& fields, TrainConfig& t) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"train.freeze_epochs", &t.freeze_epochs, between(0, 1e6), "epochs", kResult, kTrainedLayers,
       "First epochs in which the head alone trains.", "2"},
      {"train.unfreeze_every", &t.unfreeze_every, between(0, 1e6), "epochs", kResult,
       kTrainedLayers,
       "Gradual unfreezing: epochs until one more stage trains, from the last to the first (Howard "
       "and Ruder 2018). 0: all at once.",
       "1"},
      {"train.freeze_stages", &t.freeze_stages, between(0, 1e6), "stages", kResult, kTrainedLayers,
       "First stages that never train. They run apart from the others, in evaluation mode and "
       "without autograd; see cache.activations.",
       "4"},
      {"train.batch_norm", &t.batch_norm, kNoLimits, "none", kResult, kTrainedLayers,
       "BatchNorm. train: its statistics move; frozen: statistics are fixed, scale and shift "
       "train; folded: folded into the convolutions before training, also in the saved model.",
       "frozen"},
      {"train.from_scratch", &t.from_scratch, kNoLimits, "none", kResult, kTrainedLayers,
       "Whether every weight starts from random values instead of the pretrained ones.", "true"},
      {"train.monitor", &t.monitor, kNoLimits, "none", kResult, kBestEpoch,
       "What makes an epoch the best one, and what train.patience and train.min_delta watch, on "
       "the "
       "validation images. For classes loss, accuracy, macro_f1 or auroc; for labels loss, "
       "macro_f1, auroc or mean_average_precision; for numbers loss, r2, mae or rmse.",
       "accuracy"},
      {"train.patience", &t.patience, between(0, 1e6), "epochs", kResult, kEveryRun,
       "Epochs (lbfgs: iterations) without a better train.monitor before training stops. The "
       "best epoch's weights are kept. 0: train to the end (lbfgs then keeps its last iteration, "
       "the optimum).",
       "5"},
      {"train.min_delta", &t.min_delta, between(0, 1e9), "none", kResult, kBestEpoch,
       "Smallest gain of train.monitor that counts as better.", "0.001"},
      {"train.time_limit", &t.time_limit, between(0, 1e9), "none", kResult, kEveryRun,
       "Time after which training stops, counted from the start of the command; without a unit in "
       "seconds. The best weights so far are kept, and the run is complete: a limit never breaks a "
       "model. Reading images and features of frozen layers count but are not cut short. "
       "`--resume` trains on where layers train. The strategy auto plans for it: see quality. 0: no "
       "limit.",
       "30m"},
      {"train.stop_batch", &t.stop_batch, between(0, 1e12), "batches", kResult, kTrainedLayers,
       "Training batches after which training stops as train.time_limit stops it. A run that the "
       "clock has stopped writes it into its config.yaml, which then repeats the run without a "
       "clock. 0: off.",
       "1000"},
      {"train.clip_norm", &t.clip_norm, between(0, 1e9), "none", kResult, kTrainedLayers,
       "Largest norm of all gradients together; longer ones are shortened to it. 0: off.", "1"},
      {"train.accumulate", &t.accumulate, between(1, 1e6), "batches", kResult, kTrainedLayers,
       "Batches whose gradients are added up for one step.", "4"},
      {"train.replicas", &t.replicas, between(1, 256), "copies", kResult, kTrainedLayers,
       "Copies of the network that share its weights; each computes the gradients of its part of "
       "every batch in one thread. auto is chosen by timing; for bit-identical runs use the number "
       "saved in config.yaml. Always 1 where BatchNorm's statistics move.",
       "1"},
      {"train.batch_norm_buffers", &t.batch_norm_buffers, kNoLimits, "none", kResult,
       kTrainedLayers,
       "BatchNorm's running statistics with several processes (mpirun) and train.batch_norm: "
       "train. After each epoch all take those of rank 0 (rank0), or the mean over the processes "
       "(synchronised).",
       "synchronised"},
      {"train.bucket_mb", &t.bucket_mb, between(1e-3, 1e3), "megabytes", kResult, kTrainedLayers,
       "Gradients that several processes sum at a time, during the backward pass (Li et al. "
       "2020).",
       "5"},
      {"train.ema", &t.ema, between(0, 0.999999), "none", kResult, kTrainedLayers,
       "Decay of the moving average of the weights, which is evaluated and saved in their place. "
       "0: off.",
       "0.99"},
      {"train.precision", &t.precision, kNoLimits, "none", kResult, kTrainedLayers,
       "Arithmetic of the forward pass. float16 needs CUDA; bfloat16 needs a GPU since Ampere, or "
       "a "
       "CPU with AVX512-BF16 or AMX. auto: bfloat16 on such a GPU, else float32.",
       "auto"},
      {"train.checkpoint_epochs", &t.checkpoint_epochs, between(0, 1e6), "epochs", kResult,
       kTrainedLayers, "Epochs between two checkpoints. 0: off.", "5"},
      {"train.checkpoint_minutes", &t.checkpoint_minutes, between(0, 1e6), "minutes", kResult,
       kTrainedLayers, "Minutes between two checkpoints. 0: off.", "10"},
      {"train.on_nonfinite", &t.on_nonfinite, kNoLimits, "none", kResult, kTrainedLayers,
       "At a loss that is NaN or infinite: stop, or retry from the last checkpoint at a lower "
       "learning rate.",
       "retry"},
      {"train.tta", &t.tta, kNoLimits, "none", kResult, kEveryRun,
       "Test-time augmentation of the final results: none, flip (the mean over each image and its "
       "mirror image) or a number of views from 2 to 10. Training and choices along the way see "
       "the images as they are.",
       "flip"},
      {"train.top_k", &t.top_k, between(1, 1e6), "classes", kResult, kClassLoss,
       "K of the top-K accuracy that is reported beside the accuracy.", "3"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

void add_probability_fields(std::vector<Field>& fields, TrainConfig& t) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"train.label_thresholds", &t.label_thresholds, kNoLimits, "none", kResult, kLabelLoss,
       "The probability from which on model.pt predicts a label. auto: the one with the best F1 on "
       "the validation images, for each label that 5 of them have, else 0.5. fixed: 0.5.",
       "fixed"},
      {"train.calibrate", &t.calibrate, kNoLimits, "none", kResult, kClassLoss,
       "Whether model.pt divides its logits by a temperature fitted to validation images, so that "
       "probabilities mean what they say (Guo et al. 2017). auto: where cross-validation on these "
       "images finds a gain.",
       "off"},
      {"train.known_images", &t.known_images, between(0, 1e5), "images", kResult, kClassLoss,
       "Most training images whose features model.pt keeps, by which `predict` says whether an "
       "image is unlike all of them. 0: none.",
       "0"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

void add_teacher_fields(std::vector<Field>& fields, TrainConfig& t) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"train.teacher", &t.teacher, kNoLimits, "none", kResult, kTrainedLayers,
       "A trained model of the same classes, from whose probabilities the network learns beside "
       "the "
       "classes (Hinton et al. 2015): a model.pt, a run directory or an ensemble. Empty: none.",
       "ensemble.pt"},
      {"train.teacher_weight", &t.teacher_weight, between(0, 1), "none", kResult, kTeacher,
       "The teacher's share w of the loss: (1 - w) times cross-entropy plus w times T^2 times the "
       "Kullback-Leibler divergence from the teacher's probabilities.",
       "0.9"},
      {"train.teacher_temperature", &t.teacher_temperature, between(0.1, 100), "none", kResult,
       kTeacher,
       "T: both networks' logits are divided by it in the teacher's part of the loss. Above 1, "
       "what "
       "the teacher holds of the wrong classes counts more.",
       "4"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
