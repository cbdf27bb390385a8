#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "core/messages.h"

namespace transfer {

/// While it lives, notes are details, finished work leaves no line, and a warning is shown only the
/// first time: for work that is done several times over, of which one line each is enough. Made and
/// destroyed while no other thread sends messages.
class QuietMessages : public MessageSink {
 public:
  QuietMessages();
  ~QuietMessages() override;
  QuietMessages(const QuietMessages&) = delete;
  QuietMessages& operator=(const QuietMessages&) = delete;

  /// Shows a note all the same.
  void tell(const std::string& text);

  void note(const std::string& text) override;
  void warning(const std::string& text) override;
  void detail(const std::string& text) override;
  void error(const std::string& program, const std::string& text, int status) override;
  void event(const std::string& name, const nlohmann::ordered_json& members,
             const std::string& text) override;
  void add_to_result(const nlohmann::ordered_json& members) override;
  std::unique_ptr<Progress> begin(Work work) override;
  bool draws() const override;
  void draw(const std::vector<std::string>& lines) override;
  void keep_drawn() override;

 private:
  MessageSink& sink_;
  /// Warnings that were shown. Guarded by mutex_.
  std::set<std::string> shown_;
  std::mutex mutex_;
};

}  // namespace transfer
