#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/messages.h"

namespace transfer {

/// Keeps what is said while it lives; progress goes where it went before.
class MessageListener : public MessageSink {
 public:
  MessageListener() : before_(messages()) { send_messages_to(*this); }
  ~MessageListener() override { send_messages_to(before_); }
  MessageListener(const MessageListener&) = delete;
  MessageListener& operator=(const MessageListener&) = delete;

  void note(const std::string& text) override { notes.push_back(text); }
  void warning(const std::string& text) override { warnings.push_back(text); }
  std::unique_ptr<Progress> begin(Work work) override { return before_.begin(std::move(work)); }

  std::vector<std::string> notes;
  std::vector<std::string> warnings;

 private:
  MessageSink& before_;
};

}  // namespace transfer
