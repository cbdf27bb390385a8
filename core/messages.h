#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace transfer {

/// Progress of one piece of work. Not thread-safe.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void advance(std::int64_t count) = 0;
  /// The work is done; not called when it fails.
  virtual void finish() = 0;
};

/// Where the program's messages to its user go while it works. The program chooses one; no room
/// below writes to stderr itself. Results and the error that ends the program are not messages.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// One message, without the newline at its end. Called from any thread.
  virtual void note(const std::string& text) = 0;
  virtual void warning(const std::string& text) = 0;
  /// Begins a piece of work of `total` `unit`s ("images"); the sink must outlive the result.
  virtual std::unique_ptr<Progress> begin(std::string title, std::int64_t total,
                                          std::string unit) = 0;
};

/// Sends the messages of all threads to `sink`, which must outlive them. Called by `main` before
/// the work starts. Until then notes and warnings are plain lines on stderr, and progress is not
/// shown.
void send_messages_to(MessageSink& sink);

/// The sink in use.
MessageSink& messages();

/// Sends a note, formatted by fmt.
template <typename... Arguments>
void note(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  messages().note(fmt::format(text, std::forward<Arguments>(arguments)...));
}

/// Sends a warning, formatted by fmt; the sink marks it as one.
template <typename... Arguments>
void warn(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  messages().warning(fmt::format(text, std::forward<Arguments>(arguments)...));
}

/// Begins a piece of work in the sink in use; see MessageSink::begin().
inline std::unique_ptr<Progress> begin_progress(std::string title, std::int64_t total,
                                                std::string unit) {
  return messages().begin(std::move(title), total, std::move(unit));
}

}  // namespace transfer
