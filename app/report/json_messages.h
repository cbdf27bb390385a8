#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/report/message_options.h"
#include "core/messages.h"

namespace transfer {

/// Messages as JSON Lines on stderr, for other programs: `event` is note, warning, error, progress
/// or the name of an event, `time` is UTC.
class JsonMessages : public MessageSink {
 public:
  explicit JsonMessages(const MessageOptions& options);
  ~JsonMessages() override;

  void note(const std::string& text) override;
  void warning(const std::string& text) override;
  void detail(const std::string& text) override;
  void error(const std::string& program, const std::string& text, int status) override;
  /// With `text`, where it is not empty. A result is shown even where the rest is not wanted.
  void event(const std::string& name, const nlohmann::ordered_json& members,
             const std::string& text) override;
  void add_to_result(const nlohmann::ordered_json& members) override;
  std::unique_ptr<Progress> begin(Work work) override;

 private:
  class Counter;

  void write(const std::string& name, const nlohmann::ordered_json& members);

  MessageOptions options_;
  std::unique_ptr<nlohmann::ordered_json> result_;
  std::mutex mutex_;
};

/// The sink that the options ask for.
std::unique_ptr<MessageSink> make_message_sink(const MessageOptions& options);

}  // namespace transfer
