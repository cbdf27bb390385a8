#include <utility>  // Boost 1.74 forgets it

#include "app/serving/http_connections.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <string>
#include <vector>

#include "core/messages.h"

namespace transfer {

HttpConnections::HttpConnections(boost::asio::io_context& io, const ServingLimits& limits,
                                 Service& service, ServingMetrics& metrics)
    : io_(io), limits_(limits), service_(service), metrics_(metrics) {}

void HttpConnections::add(boost::asio::ip::tcp::socket socket) {
  if (static_cast<std::int64_t>(open_.size()) >= limits_.connections) {
    ++metrics_.refused_connections;
    if (closable_.empty()) return;  // the socket closes
    HttpConnection& longest = *closable_.front();
    keep(longest);  // it is no longer among those that can make room
    longest.close();
  }
  const auto connection = std::make_shared<HttpConnection>(std::move(socket), *this);
  open_.insert(connection.get());
  ++metrics_.open_connections;
  make_closable(*connection);
  boost::asio::co_spawn(io_, connection->serve(),
                        [this, connection](const std::exception_ptr& failure) {
                          connection->close();
                          try {
                            if (failure) std::rethrow_exception(failure);
                          } catch (const std::exception& error) {
                            note_detail("a connection ended: {}", error.what());
                          }
                          leave(*connection);
                        });
}

void HttpConnections::leave(HttpConnection& connection) {
  keep(connection);
  open_.erase(&connection);
  --metrics_.open_connections;
  if (is_finishing_ && open_.empty()) is_empty_();
}

void HttpConnections::make_closable(HttpConnection& connection) {
  keep(connection);
  connection.place_ = closable_.insert(closable_.end(), &connection);
  connection.has_place_ = true;
}

void HttpConnections::keep(HttpConnection& connection) {
  if (!connection.has_place_) return;
  closable_.erase(connection.place_);
  connection.has_place_ = false;
}

void HttpConnections::finish(std::function<void()> is_empty) {
  is_finishing_ = true;
  is_empty_ = std::move(is_empty);
  const std::vector<HttpConnection*> open(open_.begin(), open_.end());
  for (HttpConnection* connection : open) {
    if (!connection->has_request()) connection->close();
  }
  if (open.empty()) is_empty_();
}

void HttpConnections::close_all() {
  for (HttpConnection* connection : open_) connection->close();
}

}  // namespace transfer
