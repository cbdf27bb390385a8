#pragma once

#include <memory>
#include <string>

#include "app/serving/service.h"
#include "app/serving/serving_metrics.h"
#include "app/serving/serving_options.h"

namespace transfer {

/// Speaks HTTP/1.1 (RFC 9112) with clients, on one thread, and leaves the answers to a Service.
///
/// No client can keep it from answering others: each request has a time to arrive in, each answer
/// one to be sent in, bodies are counted together, and where too many connections are open the one
/// that has waited longest without a whole request makes room.
class HttpServer {
 public:
  /// Binds the address, so that connections are accepted from here on and served by run(). Lowers
  /// `limits.connections` to what the limit on open files allows, with a message. Throws
  /// ConfigError where the address cannot be had.
  HttpServer(const ServerAddress& address, const ServingLimits& limits, Service& service,
             ServingMetrics& metrics);
  /// Calls Service::finish().
  ~HttpServer();

  /// "http://127.0.0.1:8080/".
  std::string address() const;

  /// Serves until SIGINT or SIGTERM, then finishes the requests that have arrived, and returns the
  /// signal. A second signal, or ServingLimits::seconds_to_stop, ends them. SIGHUP loads changed
  /// models. Calls Service::finish().
  int run();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace transfer
