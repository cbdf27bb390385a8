#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace transfer {

/// Counts what fell into each of some ranges, as a histogram of Prometheus does.
template <std::size_t Bounds>
class Histogram {
 public:
  /// `bounds`: the largest value of each range, rising; a last range has everything above.
  explicit Histogram(const std::array<double, Bounds>& bounds) : bounds_(bounds) {}

  void add(double value) {
    for (std::size_t i = 0; i < Bounds; ++i) counts_[i] += value <= bounds_[i] ? 1 : 0;
    ++count_;
    sum_ += value;
  }
  /// The sample lines of a metric in Prometheus' text format; `labels` such as `route="/",`.
  std::string text(const std::string& name, const std::string& labels) const;

 private:
  std::array<double, Bounds> bounds_;
  std::array<std::int64_t, Bounds> counts_ = {};
  std::int64_t count_ = 0;
  double sum_ = 0;
};

/// What the server counts for GET /metrics. Thread-safe.
class ServingMetrics {
 public:
  /// What is measured at the moment of asking.
  struct Now {
    std::size_t waiting_images = 0;
    std::size_t waiting_explanations = 0;
    std::size_t models = 0;
    bool is_ready = false;
  };

  /// A request of a route, "" for none of the server's, that was answered after so many seconds.
  void add_request(const std::string& route, int status, double seconds);
  /// A batch that was decoded, also what could not be.
  void add_decoding(std::size_t images, double seconds);
  /// A batch that went through the network.
  void add_inference(std::size_t images, double seconds);
  void add_reload(bool has_failed);

  std::atomic<std::int64_t> open_connections = 0;
  std::atomic<std::int64_t> refused_connections = 0;
  /// Bytes of the bodies that are being read or answered.
  std::atomic<std::int64_t> body_bytes = 0;

  /// In the text format of Prometheus, version 0.0.4.
  std::string text(const Now& now) const;

 private:
  /// The metrics without labels. REQUIRES: mutex_ is held.
  std::string totals(const Now& now) const;

  static constexpr std::array<double, 12> kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                      0.5,   1,    2.5,   5,    10,  30};
  static constexpr std::array<double, 6> kBatchSizes = {1, 2, 4, 8, 16, 32};

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::int64_t> requests_;
  std::map<std::string, Histogram<12>> request_seconds_;
  Histogram<6> batch_sizes_{kBatchSizes};
  std::int64_t images_decoded_ = 0;
  double seconds_decoding_ = 0;
  double seconds_in_network_ = 0;
  std::int64_t reloads_ = 0;
  std::int64_t failed_reloads_ = 0;
};

}  // namespace transfer
