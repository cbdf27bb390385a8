#include "app/report/prediction_table.h"

#include <fmt/format.h>

#include "core/csv.h"

namespace transfer {

std::string prediction_table(const std::vector<Sample>& samples, const torch::Tensor& labels,
                             const torch::Tensor& logits, const std::vector<std::string>& classes) {
  std::string csv = "path,label,class,probability";
  for (const auto& name : classes) csv += fmt::format(",{}", csv_field(name));
  csv += "\n";
  const auto probabilities = torch::softmax(logits, 1).contiguous();
  const auto best = probabilities.argmax(1).contiguous();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (labels.data_ptr<std::int64_t>()[row] < 0) continue;
    const float* numbers = probabilities.data_ptr<float>() + row * probabilities.size(1);
    const auto predicted = static_cast<std::size_t>(best.data_ptr<std::int64_t>()[row]);
    csv += fmt::format("{},{},{},{:.6f}", csv_field(samples[i].path),
                       csv_field(classes[static_cast<std::size_t>(samples[i].label)]),
                       csv_field(classes[predicted]), numbers[predicted]);
    for (std::size_t c = 0; c < classes.size(); ++c) csv += fmt::format(",{:.6f}", numbers[c]);
    csv += "\n";
  }
  return csv;
}

}  // namespace transfer
