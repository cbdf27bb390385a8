#pragma once

#include <string>

#include "core/errors.h"
#include "datasets/dataset.h"

namespace transfer {

/// The bytes of the sample's image file, from a single opening of it. Throws DataError "NAME:
/// reason" where it is no regular file, has more than `sample.max_bytes` bytes, which is found out
/// before any is read, or cannot be read whole, and ResourceError. REQUIRES: the sample is a file.
/// Thread-safe.
std::string read_image_file(const Sample& sample);

/// SHA-256, in hexadecimal, of the same bytes, with little memory. Throws likewise. Thread-safe.
std::string hash_image_file(const Sample& sample);

/// The error of an image's file that cannot be read: "NAME: REASON.". REQUIRES: the sample is a
/// file.
DataError unreadable_image(const Sample& sample, const std::string& reason);

/// The error of an image for whose decoding memory does not suffice: no fault of the image's, so
/// that it is not left out as a broken one.
ResourceError lack_of_memory(const std::string& name);

}  // namespace transfer
