#include "app/serving/serving_metrics.h"

#include <fmt/format.h>

#include <string_view>

namespace transfer {
namespace {

/// The two lines in front of a metric's samples.
std::string heading(std::string_view name, std::string_view type, std::string_view help) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <typename Number>
std::string single(std::string_view name, std::string_view type, std::string_view help,
                   Number value) {
  return heading(name, type, help) + fmt::format("{} {}\n", name, value);
}

}  // namespace

template <std::size_t Bounds>
std::string Histogram<Bounds>::text(const std::string& name, const std::string& labels) const {
  std::string lines;
  for (std::size_t i = 0; i < Bounds; ++i) {
    lines += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, labels, bounds_[i], counts_[i]);
  }
  const std::string own =
      labels.empty() ? "" : fmt::format("{{{}}}", labels.substr(0, labels.size() - 1));
  return lines + fmt::format("{0}_bucket{{{1}le=\"+Inf\"}} {2}\n{0}_sum{3} {4}\n{0}_count{3} {2}\n",
                             name, labels, count_, own, sum_);
}

void ServingMetrics::add_request(const std::string& route, int status, double seconds) {
  const std::string name = route.empty() ? "other" : route;
  const std::lock_guard lock(mutex_);
  ++requests_[{name, status}];
  request_seconds_.try_emplace(name, kSeconds).first->second.add(seconds);
}

void ServingMetrics::add_decoding(std::size_t images, double seconds) {
  const std::lock_guard lock(mutex_);
  images_decoded_ += static_cast<std::int64_t>(images);
  seconds_decoding_ += seconds;
}

void ServingMetrics::add_inference(std::size_t images, double seconds) {
  const std::lock_guard lock(mutex_);
  batch_sizes_.add(static_cast<double>(images));
  seconds_in_network_ += seconds;
}

void ServingMetrics::add_reload(bool has_failed) {
  const std::lock_guard lock(mutex_);
  ++(has_failed ? failed_reloads_ : reloads_);
}

std::string ServingMetrics::text(const Now& now) const {
  const std::lock_guard lock(mutex_);
  std::string text =
      heading("transfer_requests_total", "counter", "Requests by route and HTTP status.");
  for (const auto& [key, count] : requests_) {
    text += fmt::format("transfer_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first,
                        key.second, count);
  }
  text += heading("transfer_request_seconds", "histogram",
                  "Seconds from a request's last byte to its answer.");
  for (const auto& [route, histogram] : request_seconds_) {
    text += histogram.text("transfer_request_seconds", fmt::format("route=\"{}\",", route));
  }
  text += heading("transfer_batch_images", "histogram",
                  "Images that went through the network together.");
  text += batch_sizes_.text("transfer_batch_images", "");
  return text + totals(now);
}

std::string ServingMetrics::totals(const Now& now) const {
  std::string text;
  text += single("transfer_images_total", "counter", "Images that workers took, broken ones too.",
                 images_decoded_);
  text += single("transfer_decoding_seconds_total", "counter",
                 "Seconds that workers decoded images.", seconds_decoding_);
  text += single("transfer_network_seconds_total", "counter", "Seconds that networks ran.",
                 seconds_in_network_);
  text += single("transfer_waiting_images", "gauge", "Images that wait for a worker.",
                 now.waiting_images);
  text += single("transfer_waiting_explanations", "gauge",
                 "Explanations that wait for their thread.", now.waiting_explanations);
  text += single("transfer_open_connections", "gauge", "Connections that are open.",
                 open_connections.load());
  text +=
      single("transfer_refused_connections_total", "counter",
             "Connections that were closed since too many were open.", refused_connections.load());
  text += single("transfer_body_bytes", "gauge", "Bytes of bodies in memory.", body_bytes.load());
  text += single("transfer_models", "gauge", "Models that are loaded.", now.models);
  text +=
      single("transfer_ready", "gauge", "1 unless the server is stopping.", now.is_ready ? 1 : 0);
  text +=
      single("transfer_model_reloads_total", "counter", "Models that were loaded anew.", reloads_);
  text += single("transfer_model_reload_failures_total", "counter",
                 "Models' files that could not be loaded anew.", failed_reloads_);
  return text;
}

}  // namespace transfer
