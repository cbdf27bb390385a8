#pragma once

#include <cstdint>
#include <vector>

#include "configs/config.h"
#include "datasets/labelled_files.h"

namespace transfer {

/// Gives each file its group by `config.group_by`, where that is set, and notes how many groups
/// there are and which files have none. Throws ConfigError for an expression that cannot be used,
/// and DataError where it matches no file or the data has a column of groups too.
void find_groups(LabelledFiles& found, const DataConfig& config);

/// For each file the number of what stays on one side of every split: the files of its group and
/// the copies of any of them (`copies` as copy_groups() returns them); −1 where it stands alone.
std::vector<std::int64_t> kept_together(const std::vector<LabelledFile>& files,
                                        const std::vector<std::int64_t>& copies);

/// Lists and warns of groups that the user's splits break. With folds, train and val count as one.
void check_groups(const LabelledFiles& found, const DataConfig& config, Findings& findings);

}  // namespace transfer
