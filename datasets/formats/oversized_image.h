#pragma once

#include "core/errors.h"

namespace transfer {

/// An image whose pixels would take more memory than they may, see require_sensible_size().
class OversizedImage : public DataError {
 public:
  using DataError::DataError;
};

}  // namespace transfer
