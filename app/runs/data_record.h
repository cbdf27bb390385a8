#pragma once

#include <string>

#include "app/preparation/preparation.h"
#include "app/report/run_directory.h"

namespace transfer {

/// Writes data.json: the backbone's hash, the classes in their order, the images of each split with
/// their labels and a hash of their content, and the versions that the run began with. Up to
/// 200,000 images are listed; of more, their number and a hash are kept. Throws OutputError.
void write_data_record(const Preparation& preparation, const RunDirectory& run);

/// The hash_of_data() of the images, as data.json holds it since the run began, or of what they are
/// now where there is no data.json.
std::string data_sha256(const Preparation& preparation, const RunDirectory& run);

/// Compares data.json with what a resumed run has found. Throws DataError, which names what
/// differs, where the backbone's file, classes or training or validation images have changed: the
/// outputs would stand for other classes, and a split drawn anew would validate on images that were
/// trained on. Other test images and other versions are warned of.
void require_same_data(const Preparation& preparation, const RunDirectory& run);

/// Throws DataError where the run began with another teacher than the one at hand, or with one and
/// there is none now, or the other way round.
void require_same_teacher(const Preparation& preparation, const RunDirectory& run);

}  // namespace transfer
