#pragma once

#include <array>
#include <string_view>

#include "core/enum_names.h"

namespace transfer {

// The choices that keys of the configuration offer, each with its names in YAML. What a choice
// means is in the table of keys (configs/fields_*.cpp).

/// `quality`
enum class Quality { kNone, kFast, kBalanced, kBest };
template <>
inline constexpr std::array<std::string_view, 4> kNames<Quality> = {"none", "fast", "balanced",
                                                                    "best"};

/// `data.sampler`
enum class Sampler { kShuffle, kBalanced };
template <>
inline constexpr std::array<std::string_view, 2> kNames<Sampler> = {"shuffle", "balanced"};

/// `data.resize`
enum class Resize { kCrop, kStretch, kPad };
template <>
inline constexpr std::array<std::string_view, 3> kNames<Resize> = {"crop", "stretch", "pad"};

/// `head.activation`
enum class Activation { kRelu, kSigmoid, kTanh };
template <>
inline constexpr std::array<std::string_view, 3> kNames<Activation> = {"relu", "sigmoid", "tanh"};

/// `head.start`
enum class HeadStart { kRandom, kFitted };
template <>
inline constexpr std::array<std::string_view, 2> kNames<HeadStart> = {"random", "fitted"};

/// `head.class_weights`
enum class ClassWeights { kNone, kAuto };
template <>
inline constexpr std::array<std::string_view, 2> kNames<ClassWeights> = {"none", "auto"};

/// `augment.preset`
enum class AugmentPreset { kNone, kLight, kStandard, kStrong };
template <>
inline constexpr std::array<std::string_view, 4> kNames<AugmentPreset> = {"none", "light",
                                                                          "standard", "strong"};

/// `train.optimizer`
enum class Optimizer { kLbfgs, kAdamW, kSgd };
template <>
inline constexpr std::array<std::string_view, 3> kNames<Optimizer> = {"lbfgs", "adamw", "sgd"};

/// `train.schedule`
enum class Schedule { kConstant, kCosine, kStep, kOneCycle, kPlateau };
template <>
inline constexpr std::array<std::string_view, 5> kNames<Schedule> = {"constant", "cosine", "step",
                                                                     "onecycle", "plateau"};

/// `train.monitor`
enum class Monitor {
  kLoss,
  kClassAccuracy,
  kMacroF1,
  kAuroc,
  kMeanPrecision,
  kRSquared,
  kMae,
  kRmse
};
template <>
inline constexpr std::array<std::string_view, 8> kNames<Monitor> = {
    "loss", "accuracy", "macro_f1", "auroc", "mean_average_precision", "r2", "mae", "rmse"};

/// `train.batch_norm`
enum class BatchNorm { kTrain, kFrozen, kFolded };
template <>
inline constexpr std::array<std::string_view, 3> kNames<BatchNorm> = {"train", "frozen", "folded"};

/// `train.batch_norm_buffers`
enum class BatchNormBuffers { kRank0, kSynchronised };
template <>
inline constexpr std::array<std::string_view, 2> kNames<BatchNormBuffers> = {"rank0",
                                                                             "synchronised"};

/// `train.precision`
enum class TrainPrecision { kFloat32, kBfloat16, kFloat16, kAuto };
template <>
inline constexpr std::array<std::string_view, 4> kNames<TrainPrecision> = {"float32", "bfloat16",
                                                                           "float16", "auto"};

/// `train.on_nonfinite`
enum class OnNonfinite { kStop, kRetry };
template <>
inline constexpr std::array<std::string_view, 2> kNames<OnNonfinite> = {"stop", "retry"};

/// `train.label_thresholds`
enum class LabelThresholds { kAuto, kFixed };
template <>
inline constexpr std::array<std::string_view, 2> kNames<LabelThresholds> = {"auto", "fixed"};

/// `train.calibrate`
enum class Calibrate { kAuto, kOn, kOff };
template <>
inline constexpr std::array<std::string_view, 3> kNames<Calibrate> = {"auto", "on", "off"};

/// `cache.precision`
enum class CachePrecision { kAuto, kFloat32, kFloat16 };
template <>
inline constexpr std::array<std::string_view, 3> kNames<CachePrecision> = {"auto", "float32",
                                                                           "float16"};

}  // namespace transfer
