#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "app/report/confidence_reading.h"
#include "core/fusion.h"
#include "core/trust.h"

namespace transfer {

/// A model that is served, and where it lies.
struct ModelSource {
  /// By which requests choose it.
  std::string name;
  std::filesystem::path file;
};

/// How models are loaded and run.
struct ModelSettings {
  /// `cpu`, `cuda:0`, …
  std::string device = "cpu";
  Trust trust = {};
  ConfidenceOptions confidence = {};
  /// Views of an image that its prediction is the mean of.
  std::int64_t views = 1;
  /// kOff gives the very numbers that `predict` gives for a few images, kAuto those for many.
  Fusion fusion = Fusion::kOff;
  /// Whether each model is loaded a second time, cut in two, to draw where its answers come from.
  bool explains = true;
  /// The most bytes that an image's decoded pixels may take.
  std::int64_t max_image_bytes = std::int64_t{256} << 20;
};

/// What a server takes on at most, so that no client can exhaust it.
struct ServingLimits {
  /// Bytes of a request's body.
  std::int64_t body_bytes = std::int64_t{32} << 20;
  /// Bytes of all bodies that are being read or answered.
  std::int64_t bytes_of_all_bodies = std::int64_t{512} << 20;
  /// Images in one request.
  std::int64_t images_per_request = 64;
  /// Images that wait for a worker.
  std::int64_t waiting_images = 256;
  /// Explanations that wait for their thread.
  std::int64_t waiting_explanations = 16;
  /// Connections that are open at the same time.
  std::int64_t connections = 1024;
  /// Seconds within which a request must have arrived.
  double seconds_to_read = 20;
  /// Seconds after which a request is given up that has no answer.
  double seconds_to_answer = 30;
  /// Seconds that a connection may stay open between two requests.
  double seconds_idle = 60;
  /// Seconds that requests have to end when the server is stopped.
  double seconds_to_stop = 30;
};

/// How images of several requests are put together.
struct BatchingOptions {
  /// Threads that decode images and run the network on them.
  std::int64_t workers = 1;
  /// Images that go through the network together; 0 takes what it can use, see images_per_pass().
  std::int64_t largest_batch = 0;
  /// Milliseconds that an image waits at most for others to join it.
  double wait_ms = 1;
};

/// Where the server listens, and whom it answers.
struct ServerAddress {
  /// An address of this machine, or a name that resolves to one.
  std::string host = "127.0.0.1";
  /// 0: any that is free.
  std::int64_t port = 8080;
  /// A file whose first line requests must bring as a bearer token; empty: everyone is answered.
  std::filesystem::path token_file;
};

}  // namespace transfer
