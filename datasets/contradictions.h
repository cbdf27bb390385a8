#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "configs/config.h"
#include "datasets/labelled_files.h"

namespace transfer {

/// Throws DataError for two names of classes that differ only in white space or in Unicode's form
/// (NFC or NFD): nobody means two classes. Warns in `findings` of names that differ only in capital
/// and small letters. `path` is the data's, for messages.
void check_class_names(const std::vector<std::string>& names, const std::string& path,
                       Findings& findings);

/// A hint for an unknown class that looks like one of the known ones, such as "; it differs from
/// 'é' only in …"; else empty.
std::string hint_of_similar_class(const std::string& name, const std::vector<std::string>& known);

/// Throws DataError where the rows of a CSV file give one path two classes or two sets of labels;
/// warns of two targets of numbers.
void check_repeated_paths(const LabelledFiles& found, TargetKind kind, const std::string& path,
                          Findings& findings);

/// Looks at copies of images (`groups` as copy_groups() returns them): counts them, warns of those
/// under two labels, and throws DataError where one lies in two splits of the user's that must not
/// share images. With `config.allow_leakage`, and for IDX files, whose images cannot be removed, it
/// warns. With folds, train and val count as one.
void check_copies(const LabelledFiles& found, const std::vector<std::int64_t>& groups,
                  const DataConfig& config, Findings& findings);

}  // namespace transfer
