#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "configs/column_roles.h"
#include "configs/config.h"
#include "core/objective.h"
#include "datasets/findings.h"
#include "datasets/image_array.h"

namespace transfer {

/// One image and its targets.
struct Sample {
  /// The image's file; for an image in memory, the file it came from and its number in it
  /// (`train-images-idx3-ubyte.gz#17`).
  std::string path;
  /// Position of its class in the list of classes; 0 where it has no single class.
  std::int64_t label = 0;
  /// For multi-label data 1 or 0 for each label, for regression the numbers; equally many in every
  /// sample. Empty where `label` says everything.
  std::vector<float> targets = {};
  /// Where the image lies in memory; nullptr where it is a file.
  std::shared_ptr<const ImageArray> array = nullptr;
  std::int64_t position = 0;
  /// Samples with the same number hold the same image, byte for byte; −1: no other sample does.
  std::int64_t copy_group = -1;
  /// Samples with the same number stay on one side wherever the program divides images: copies, and
  /// images of one group of the user's (see group_names()); −1: it stands alone.
  std::int64_t kept_with = -1;
  /// The most bytes that its file may have, and its pixels when they are decoded.
  std::int64_t max_bytes = kDefaultMaxImageBytes;
};

/// Images for training, validation and the final test.
struct Dataset {
  /// Sorted bytewise, the numbers of IDX files by size; a label is a position in this list. For
  /// regression the names of the targets, in the order of their columns.
  std::vector<std::string> classes;
  std::vector<Sample> train;
  std::vector<Sample> val;
  std::vector<Sample> test;
  Findings findings;
};

/// Reads `config.path`: a folder `{train,val[,test]}/CLASS/*` or `CLASS/*`, a CSV file with the
/// columns path, label and optionally split, or a folder of IDX files. With kLabels a label cell
/// holds any number of names, separated by `|`; with kValues `config.targets` names the columns of
/// numbers. Splits that the data does not name are drawn by `seed`, every class in the same
/// proportion, or at random where images have no single class; copies of an image and the
/// images of a group (group_names()) stay in one split. Throws DataError naming the folder or the
/// row, also for data that contradicts itself (one image in two splits or one path under two
/// labels, classes whose names look the same), and Interrupted.
Dataset open_dataset(const DataConfig& config, std::uint64_t seed,
                     TargetKind kind = TargetKind::kClass);

/// Images to measure a finished model on.
struct EvaluationData {
  /// `train`, `val` or `test`; empty: the data names no splits, and these are all images.
  std::string split;
  std::vector<Sample> samples;
  Findings findings = {};
};

/// Images for evaluating a model with these classes. `split` is `train`, `val` or `test`; empty
/// takes `test` where it exists, else `val`, else everything. As for training, images without a
/// split are for training where others have one. Throws DataError where the data lacks the split or
/// a column of the model's targets, or has a class that the model does not know, and Interrupted.
EvaluationData open_for_evaluation(const std::string& path, const std::string& split,
                                   const std::vector<std::string>& classes,
                                   TargetKind kind = TargetKind::kClass,
                                   const ColumnRoles& roles = {},
                                   std::int64_t max_image_bytes = kDefaultMaxImageBytes);

/// The images below a folder, sorted, and what is passed over.
struct FolderImages {
  std::vector<std::string> images;
  std::vector<SkippedFile> skipped;
};

/// All images under a folder, or the file itself when `path` is one. Throws DataError when there is
/// nothing at `path`, and Interrupted.
FolderImages list_images(const std::string& path);

}  // namespace transfer
