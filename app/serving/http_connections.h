#pragma once

// For app/serving/http_*.cpp only: needs Boost, whose headers are slow to compile.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>

#include "app/serving/service.h"
#include "app/serving/serving_metrics.h"
#include "app/serving/serving_options.h"

namespace transfer {

class HttpConnections;

/// A client's connection: reads requests one after the other and sends their answers.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, HttpConnections& all);
  ~HttpConnection();

  /// Ends when the client, an error, a limit or the server closes the connection.
  boost::asio::awaitable<void> serve();
  /// Whether a request's header has arrived whose answer is not sent yet.
  bool has_request() const { return has_request_; }
  void close();

 private:
  struct AnswerSlot;
  struct Exchange;

  boost::asio::awaitable<bool> serve_one(bool is_first);
  boost::asio::awaitable<bool> read_body(Exchange& exchange);
  boost::asio::awaitable<HttpAnswer> answer_to(Exchange& exchange);
  boost::asio::awaitable<bool> send(const Exchange& exchange, HttpAnswer answer, bool keeps_open);
  boost::asio::awaitable<void> end_after_refusal();

  friend class HttpConnections;
  HttpConnections& all_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool has_request_ = false;
  /// While an answer is waited for.
  std::shared_ptr<AnswerSlot> awaited_;
  /// Its place among the connections that may be closed to make room, while it has one.
  std::list<HttpConnection*>::iterator place_;
  bool has_place_ = false;
};

/// All connections of a server. They, and this, live on the thread that runs `io`.
class HttpConnections {
 public:
  HttpConnections(boost::asio::io_context& io, const ServingLimits& limits, Service& service,
                  ServingMetrics& metrics);

  /// Serves a client. Where too many connections are open, the one that has waited longest without
  /// a whole request is closed; where none can be, the client is refused.
  void add(boost::asio::ip::tcp::socket socket);
  /// Closes connections without a request, and the others once theirs is answered. `is_empty` is
  /// called when none is left.
  void finish(std::function<void()> is_empty);
  void close_all();

 private:
  friend class HttpConnection;
  void leave(HttpConnection& connection);
  /// The connection may be closed to make room from here on, after those that could be earlier.
  void make_closable(HttpConnection& connection);
  void keep(HttpConnection& connection);

  boost::asio::io_context& io_;
  const ServingLimits limits_;
  Service& service_;
  ServingMetrics& metrics_;
  std::set<HttpConnection*> open_;
  /// Without a whole request, the one that has waited longest first.
  std::list<HttpConnection*> closable_;
  bool is_finishing_ = false;
  std::function<void()> is_empty_;
};

}  // namespace transfer
