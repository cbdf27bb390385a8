#include "app/training/score_name.h"

#include <fmt/format.h>

namespace transfer {

std::string ScoreName::value_text(double value) const {
  return is_share ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.4f}", value);
}

std::string ScoreName::text(double value) const {
  return fmt::format("{} {}", title, value_text(value));
}

std::string ScoreName::text(double value, double standard_error) const {
  return is_share ? fmt::format("{:.1f} % ± {:.1f}", 100 * value, 100 * standard_error)
                  : fmt::format("{:.3f} ± {:.3f}", value, standard_error);
}

std::string ScoreName::distance_text(double difference, double standard_error) const {
  return is_share ? fmt::format("{:.1f} ± {:.1f} points", 100 * difference, 100 * standard_error)
                  : fmt::format("{:.3f} ± {:.3f}", difference, standard_error);
}

}  // namespace transfer
