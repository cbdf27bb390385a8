#include <utility>  // Boost 1.74 forgets it

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "app/serving/http_connections.h"
#include "core/messages.h"
#include "core/stopwatch.h"

namespace transfer {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMostHeaderBytes = 16 * 1024;

std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

asio::redirect_error_t<asio::use_awaitable_t<>> into(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

/// Whether what was read is no HTTP, rather than cut off.
bool is_malformed(const error_code& error) {
  return error && error.category() == make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

HttpAnswer refuse_body_size(std::int64_t most_bytes) {
  return refusal(413,
                 fmt::format("the body has more than {} bytes (--max-body-bytes). Send smaller "
                             "or fewer images.",
                             most_bytes));
}

/// The refusal of a header that cannot be read.
HttpAnswer refuse_header(const error_code& error) {
  if (error == http::error::header_limit) {
    return refusal(431, fmt::format("the header has more than {} bytes.", kMostHeaderBytes));
  }
  return refusal(400, fmt::format("what was sent is no HTTP request: {}.", error.message()));
}

/// Fills `request` from its header. Returns false where its address cannot be read.
bool read_header(const http::request_header<>& header, HttpRequest& request) {
  request.method = text_of(header.method_string());
  request.content_type = text_of(header[http::field::content_type]);
  request.authorization = text_of(header[http::field::authorization]);
  request.accept = text_of(header[http::field::accept]);
  return parse_target(text_of(header.target()), request);
}

}  // namespace

/// Where a worker puts an answer for the thread of the connections.
struct HttpConnection::AnswerSlot {
  explicit AnswerSlot(const asio::any_io_executor& executor) : arrival(executor) {}
  /// Runs until the client's patience is over, and is cancelled by the answer.
  asio::steady_timer arrival;
  std::optional<HttpAnswer> answer;
};

/// One request and what is known of it while it is read.
struct HttpConnection::Exchange {
  explicit Exchange(ServingMetrics& counts) : metrics(counts) {}
  ~Exchange() { count_body(0); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// The body takes so many bytes from here on.
  void count_body(std::int64_t bytes) {
    metrics.body_bytes += bytes - counted_bytes;
    counted_bytes = bytes;
  }

  ServingMetrics& metrics;
  http::request_parser<http::string_body> parser;
  HttpRequest request;
  std::string route;
  /// Bytes of the body that ServingMetrics::body_bytes counts.
  std::int64_t counted_bytes = 0;
  std::optional<Stopwatch> since_arrival;
};

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpConnections& all)
    : all_(all), stream_(std::move(socket)) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::close() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
  if (awaited_) awaited_->arrival.cancel();
}

asio::awaitable<void> HttpConnection::serve() {
  const auto self = shared_from_this();
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  bool is_first = true;
  while (co_await serve_one(is_first)) {
    is_first = false;
    has_request_ = false;
    if (all_.is_finishing_) co_return;
    all_.make_closable(*this);
  }
}

/// Returns whether a further request may follow.
asio::awaitable<bool> HttpConnection::serve_one(bool is_first) {
  Exchange exchange(all_.metrics_);
  auto& parser = exchange.parser;
  parser.header_limit(kMostHeaderBytes);
  parser.body_limit(static_cast<std::uint64_t>(all_.limits_.body_bytes));
  error_code error;
  stream_.expires_after(
      duration_of(is_first ? all_.limits_.seconds_to_read : all_.limits_.seconds_idle));
  co_await http::async_read_header(stream_, buffer_, parser, into(error));
  const bool is_too_large = error == http::error::body_limit;
  if (error && !is_too_large) {
    if (!is_malformed(error)) co_return false;
    co_await send(exchange, refuse_header(error), false);
    co_await end_after_refusal();
    co_return false;
  }
  has_request_ = true;
  const auto& header = parser.get();
  std::optional<HttpAnswer> refused;
  if (read_header(header, exchange.request)) {
    refused = all_.service_.refuse_by_header(exchange.request);
  } else {
    refused = refusal(400, "the address has a percent sign without two digits behind it.");
  }
  exchange.route = Service::route_of(exchange.request);
  if (!refused && is_too_large) refused = refuse_body_size(all_.limits_.body_bytes);
  if (!refused && !parser.is_done()) {
    const bool is_whole = co_await read_body(exchange);
    if (!is_whole) co_return false;
  }
  if (refused) {
    const bool is_done = parser.is_done();
    const bool goes_on =
        co_await send(exchange, std::move(*refused), is_done && header.keep_alive());
    if (!is_done) co_await end_after_refusal();
    co_return goes_on;
  }
  exchange.since_arrival.emplace();
  const bool keeps_open = header.keep_alive();
  all_.keep(*this);
  HttpAnswer answer = co_await answer_to(exchange);
  co_return co_await send(exchange, std::move(answer), keeps_open);
}

/// Returns false where the connection cannot go on; the client has been told then, if it can be.
asio::awaitable<bool> HttpConnection::read_body(Exchange& exchange) {
  auto& parser = exchange.parser;
  error_code error;
  stream_.expires_after(duration_of(all_.limits_.seconds_to_read));
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                               into(error));
    if (error) co_return false;
  }
  std::optional<HttpAnswer> refused;
  parser.eager(true);
  while (!refused && !parser.is_done()) {
    co_await http::async_read_some(stream_, buffer_, parser, into(error));
    exchange.count_body(static_cast<std::int64_t>(parser.get().body().size()));
    if (error == http::error::body_limit) {
      refused = refuse_body_size(all_.limits_.body_bytes);
    } else if (is_malformed(error)) {
      refused = refusal(400, fmt::format("the body is malformed: {}.", error.message()));
    } else if (error) {
      co_return false;
    } else if (all_.metrics_.body_bytes > all_.limits_.bytes_of_all_bodies) {
      refused = refusal(503, "the bodies of all requests take too much memory. Try again later.");
    }
  }
  if (!refused) co_return true;
  co_await send(exchange, std::move(*refused), false);
  co_await end_after_refusal();
  co_return false;
}

asio::awaitable<HttpAnswer> HttpConnection::answer_to(Exchange& exchange) {
  stream_.expires_never();
  const auto slot = std::make_shared<AnswerSlot>(stream_.get_executor());
  slot->arrival.expires_after(duration_of(all_.limits_.seconds_to_answer));
  const auto open = std::make_shared<OpenRequest>();
  open->request = exchange.request;
  open->request.body = std::move(exchange.parser.get().body());
  open->reply = [slot, &io = all_.io_](HttpAnswer answer) {
    asio::post(io, [slot, answer = std::move(answer)]() mutable {
      slot->answer = std::move(answer);
      slot->arrival.cancel();
    });
  };
  all_.service_.answer(open);
  awaited_ = slot;
  error_code error;
  co_await slot->arrival.async_wait(into(error));
  awaited_.reset();
  open->is_wanted = false;
  if (slot->answer) co_return std::move(*slot->answer);
  co_return refusal(504,
                    "the answer took longer than --timeout allows. Send fewer images at a "
                    "time, or try again when the server has less to do.");
}

/// Returns whether a further request may follow.
asio::awaitable<bool> HttpConnection::send(const Exchange& exchange, HttpAnswer answer,
                                           bool keeps_open) {
  const HttpRequest& request = exchange.request;
  const bool stays = keeps_open && !all_.is_finishing_;
  http::response<http::string_body> response{static_cast<http::status>(answer.status), 11};
  if (!answer.content_type.empty()) response.set(http::field::content_type, answer.content_type);
  for (const auto& [name, value] : answer.fields) response.set(name, value);
  response.set("X-Content-Type-Options", "nosniff");
  response.set(http::field::cache_control, "no-store");
  response.keep_alive(stays);
  response.content_length(answer.body.size());
  if (exchange.parser.get().method() != http::verb::head) response.body() = std::move(answer.body);
  const double seconds = exchange.since_arrival ? exchange.since_arrival->seconds() : 0;
  all_.metrics_.add_request(exchange.route, answer.status, seconds);
  note_detail("{} {} {} {:.1f} ms", request.method, request.path, answer.status, 1e3 * seconds);
  stream_.expires_after(duration_of(all_.limits_.seconds_to_read));
  error_code error;
  co_await http::async_write(stream_, response, into(error));
  co_return stays && !error;
}

/// Reads what the client still sends, for a while, so that it gets to see the refusal: closing at
/// once would reset the connection (RFC 9112, section 9.6).
asio::awaitable<void> HttpConnection::end_after_refusal() {
  constexpr std::size_t kMost = 64 << 20;
  constexpr double kSeconds = 2;
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(duration_of(kSeconds));
  std::string scratch(64 * 1024, '\0');
  for (std::size_t dropped = 0; !error && dropped < kMost;) {
    dropped += co_await stream_.async_read_some(asio::buffer(scratch), into(error));
  }
}

}  // namespace transfer
