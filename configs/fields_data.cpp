#include "configs/field_table.h"

namespace transfer {

// key, member, limits, unit, effect, used by, description, example
void add_data_fields(std::vector<Field>& fields, DataConfig& d) {
  using enum Effect;
  using enum UsedBy;
  const std::vector<Field> rows = {
      {"data.path", &d.path, kNoLimits, "none", kResult, kEveryRun,
       "The images: a folder {train,val[,test]}/CLASS/* or CLASS/*, a CSV file "
       "path,label[,split], a folder of IDX files as MNIST has them, or for regression a CSV file "
       "path[,split] with columns of numbers.",
       "pets"},
      {"data.targets", &d.targets, kNoLimits, "none", kResult, kEveryRun,
       "Regression: the columns to predict. Empty: every column but path, split and group.",
       "[weight, height]"},
      {"data.columns", &d.columns, kNoLimits, "none", kResult, kEveryRun,
       "CSV files: the columns of the paths, the labels, the splits and the groups, as path=NAME, "
       "label=NAME, split=NAME and group=NAME. Empty: path, label, split and group, or headers "
       "that "
       "say the same, such as filename and class.",
       "[path=photo, label=species]"},
      {"data.group_by", &d.group_by, kNoLimits, "none", kResult, kEveryRun,
       "Regular expression (RE2) that finds an image's group, such as the patient, in its "
       "file name, or with a / in it in its path below the data: the first (…) that took part, "
       "else "
       "the whole match. A group stays on one side of splits and folds. Empty: the column group of "
       "a CSV file, else no groups.",
       "^([^_]+)_"},
      {"data.allow_leakage", &d.allow_leakage, kNoLimits, "none", kPlaceOrSpeed, kEveryRun,
       "Train although an image is both in train and in val or test, in files that are the same "
       "byte "
       "for byte; a warning is all that is left.",
       "true"},
      {"data.val_fraction", &d.val_fraction, between(0.01, 0.9), "fraction of the images", kResult,
       kEveryRun, "Training images kept for validation where the data has no val split.", "0.1"},
      {"data.test_fraction", &d.test_fraction, between(0, 0.9), "fraction of the images", kResult,
       kEveryRun, "Images kept for testing where the data has neither a test nor a val split.",
       "0.1"},
      {"data.folds", &d.folds, between(0, 1000), "parts", kResult, kEveryRun,
       "Cross-validation: divide the training and validation images into this many parts, each "
       "with the same proportion of classes. One part validates, the others train. 0: off.",
       "5"},
      {"data.fold", &d.fold, between(1, 1000), "none", kResult, kEveryRun,
       "The part that validates, from 1 to data.folds.", "2"},
      {"data.max_per_class", &d.max_per_class, between(0, 1e12), "images", kResult, kEveryRun,
       "Most images per class in train and in val; where images have no single class, most images "
       "in all. 0: no limit.",
       "300"},
      {"data.max_broken", &d.max_broken, between(0, 1), "fraction of the images", kResult,
       kEveryRun,
       "Unreadable images that are left out with a warning; with more of them the run stops.",
       "0.01"},
      {"data.max_image_bytes", &d.max_image_bytes, between(1024, 1e12), "bytes", kResult, kEveryRun,
       "Most bytes of an image file, and most bytes that its pixels take when they are decoded: "
       "width x height x channels, twice as much with 16 bits. A larger image counts as "
       "unreadable; "
       "decoding one may take three times as much memory. predict and evaluate have "
       "--max-image-bytes.",
       "4294967296"},
      {"data.workers", &d.workers, between(0, 1024), "threads", kPlaceOrSpeed, kEveryRun,
       "Threads that decode and augment images. 0: as many as `threads`.", "4"},
      {"data.input_size", &d.input_size, between(1, 8192), "pixels", kResult, kEveryRun,
       "Size of the images that the network sees: the side of a square, or [height, width], which "
       "--set also takes as 160x320. 0: the backbone's own input size; for flatten the size of the "
       "IDX images, else 28.",
       "160"},
      {"data.resize", &d.resize, kNoLimits, "none", kResult, kEveryRun,
       "How an image is fitted to that size: crop cuts the edges off, stretch changes its "
       "proportions, pad puts black bars beside it. auto: as the backbone's file says, else crop.",
       "pad"},
      {"data.sample_range", &d.sample_range, between(-1e12, 1e12), "values of samples", kResult,
       kEveryRun,
       "What is black and white in images of more than 8 bits whose files do not say: floats, "
       "signed numbers, and 16-bit numbers that may have fewer bits. auto: the training images "
       "decide. The model keeps it.",
       "[0, 4095]"},
      {"data.sampler", &d.sampler, kNoLimits, "none", kResult, kTrainedLayers,
       "Training images of an epoch: shuffle takes each once, balanced takes every class equally "
       "often.",
       "balanced"},
  };
  fields.insert(fields.end(), rows.begin(), rows.end());
}

}  // namespace transfer
