#include "app/serving/serving_metrics.h"

#include <gmock/gmock.h>

#include <sstream>

namespace transfer {
namespace {

using testing::HasSubstr;

TEST(ServingMetrics, CountsRequestsByRouteAndStatus) {
  ServingMetrics metrics;
  metrics.add_request("/predict", 200, 0.02);
  metrics.add_request("/predict", 200, 0.3);
  metrics.add_request("", 404, 0);
  metrics.add_inference(3, 0.5);
  metrics.add_reload(true);
  const std::string text = metrics.text({.waiting_images = 7, .models = 1, .is_ready = true});
  EXPECT_THAT(text, HasSubstr("transfer_requests_total{route=\"/predict\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("transfer_requests_total{route=\"other\",status=\"404\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("transfer_request_seconds_bucket{route=\"/predict\",le=\"0.025\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("transfer_request_seconds_bucket{route=\"/predict\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("transfer_batch_images_bucket{le=\"2\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("transfer_batch_images_bucket{le=\"4\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("transfer_batch_images_sum 3\n"));
  EXPECT_THAT(text, HasSubstr("transfer_waiting_images 7\n"));
  EXPECT_THAT(text, HasSubstr("transfer_model_reload_failures_total 1\n"));
}

TEST(ServingMetrics, EveryMetricHasItsTypeInFrontOfIt) {
  std::istringstream lines(ServingMetrics().text({}));
  std::string typed;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) typed = line.substr(7, line.find(' ', 7) - 7);
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(line.starts_with(typed)) << line;
    EXPECT_NE(line.find(' '), std::string::npos) << line;
  }
  EXPECT_FALSE(typed.empty());
}

}  // namespace
}  // namespace transfer
