#include <utility>  // Boost 1.74 forgets it

#include "app/serving/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>

#include "app/serving/http_connections.h"
#include "core/cancellation.h"
#include "core/errors.h"
#include "core/messages.h"

namespace transfer {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// Raises the limit on open files as far as it goes, and returns how many connections it allows.
std::int64_t connections_allowed(std::int64_t wanted) {
  constexpr std::int64_t kOtherFiles = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const auto allowed =
      std::max<std::int64_t>(static_cast<std::int64_t>(limit.rlim_cur) - kOtherFiles, 1);
  if (wanted > allowed) {
    note("--max-connections {}: {} here, since no more files may be open (ulimit -n).", wanted,
         allowed);
  }
  return std::min(wanted, allowed);
}

ServingLimits within_open_files(ServingLimits limits) {
  limits.connections = connections_allowed(limits.connections);
  return limits;
}

/// A socket that listens at the address. Throws ConfigError.
tcp::acceptor listening(boost::asio::io_context& io, const ServerAddress& address) {
  error_code error;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw ConfigError(fmt::format(
        "--host {}: is no address of this machine: {}. Give 127.0.0.1 for this machine alone, or "
        "0.0.0.0 for all of its addresses.",
        address.host, error.message()));
  }
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) return acceptor;
  const bool is_taken = error == boost::asio::error::address_in_use;
  throw ConfigError(
      fmt::format("--host {} --port {}: cannot listen there: {}. {}", address.host, address.port,
                  error.message(),
                  is_taken ? "Another program does; give another --port, or 0 for any that is free."
                           : "Give another --host or --port; ports below 1024 need privileges."));
}

}  // namespace

struct HttpServer::Implementation {
  Implementation(const ServerAddress& address, const ServingLimits& limits, Service& served,
                 ServingMetrics& metrics)
      : service(served),
        seconds_to_stop(limits.seconds_to_stop),
        acceptor(listening(io, address)),
        connections(io, within_open_files(limits), served, metrics) {}

  void accept() {
    acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (!error) {
        connections.add(std::move(socket));
        accept();
        return;
      }
      // Too many open files, or a client that is gone already: the queue of the system waits.
      constexpr auto kPause = std::chrono::milliseconds(50);
      pause.expires_after(kPause);
      pause.async_wait([this](const error_code& stopped) {
        if (!stopped && acceptor.is_open()) accept();
      });
    });
  }

  void wait_for_signal() {
    signals.async_wait([this](const error_code& error, int signal) {
      if (error) return;
      wait_for_signal();  // before the end cancels it
      if (signal == SIGHUP) {
        service.reload();
      } else if (stopped_by == 0) {
        stopped_by = signal;
        begin_to_stop();
      } else {
        connections.close_all();
      }
    });
  }

  void begin_to_stop() {
    note("stopping: requests that have arrived are finished");
    service.begin_to_stop();
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    stop_limit.expires_after(
        std::chrono::milliseconds(static_cast<std::int64_t>(1e3 * seconds_to_stop)));
    stop_limit.async_wait([this](const error_code& cancelled) {
      if (!cancelled) connections.close_all();
    });
    connections.finish([this] {
      stop_limit.cancel();
      signals.cancel();
    });
  }

  Service& service;
  double seconds_to_stop;
  boost::asio::io_context io{1};
  tcp::acceptor acceptor;
  boost::asio::signal_set signals{io};
  boost::asio::steady_timer pause{io};
  boost::asio::steady_timer stop_limit{io};
  HttpConnections connections;
  int stopped_by = 0;
};

HttpServer::HttpServer(const ServerAddress& address, const ServingLimits& limits, Service& service,
                       ServingMetrics& metrics)
    : implementation_(std::make_unique<Implementation>(address, limits, service, metrics)) {}

HttpServer::~HttpServer() {
  implementation_->service.finish();  // its threads answer to `io`
}

std::string HttpServer::address() const {
  const tcp::endpoint endpoint = implementation_->acceptor.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("http://[{}]:{}/", host, endpoint.port())
                                    : fmt::format("http://{}:{}/", host, endpoint.port());
}

int HttpServer::run() {
  Implementation& server = *implementation_;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) server.signals.add(signal);
  throw_if_stopped();  // one that came before
  server.wait_for_signal();
  server.accept();
  server.io.run();
  server.service.finish();
  return server.stopped_by;
}

}  // namespace transfer
