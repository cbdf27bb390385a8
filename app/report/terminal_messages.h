#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/messages.h"

namespace transfer {

/// Messages as lines on stderr. Progress is a bar with rate and time left on a terminal, and a
/// plain line every few seconds in a log.
class TerminalMessages : public MessageSink {
 public:
  void note(const std::string& text) override;
  void warning(const std::string& text) override;
  std::unique_ptr<Progress> begin(std::string title, std::int64_t total, std::string unit) override;

 private:
  class Bar;

  void write_line(const std::string& text);
  /// Replaces the bar on the terminal.
  void draw(const std::string& bar);

  std::mutex mutex_;
  /// Whether the line of the cursor holds a bar.
  bool shows_bar_ = false;
};

}  // namespace transfer
