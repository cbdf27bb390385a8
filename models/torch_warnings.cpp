#include "models/torch_warnings.h"

#include <c10/util/Logging.h>

#include <cstdlib>

namespace transfer {

void silence_torch_warnings() {
  constexpr int kErrors = 2;  // as glog counts
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = kErrors;
}

}  // namespace transfer
