#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace transfer {

/// A number that is shown beside a progress.
struct ProgressNumber {
  /// In JSON.
  std::string key;
  double value = 0;
  /// For people: "loss 0.5312".
  std::string text;
};

/// A piece of work whose progress is shown.
struct Work {
  std::string title;
  std::int64_t total = 0;
  /// What is counted: "images".
  std::string unit;
  /// What was done before, in an earlier invocation; no part of the rate.
  std::int64_t done = 0;
  /// Whether a line says when it is done; otherwise whoever began it says what came of it.
  bool tells_end = true;
  /// The numbers beside it, the most important first, while about `seconds_left` are left. Called
  /// by the thread that advances the work, whenever its progress is shown.
  std::function<std::vector<ProgressNumber>(double seconds_left)> numbers = {};
};

/// Progress of one piece of work. Not thread-safe.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void advance(std::int64_t count) = 0;
  /// The work is done; not called when it fails. An object that goes without it leaves no trace on
  /// the terminal.
  virtual void finish() = 0;
};

/// Where the program's messages to its user go while it works. The program chooses one; no room
/// below writes to stderr itself. Results are not messages. Called from any thread.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// One message, without the newline at its end.
  virtual void note(const std::string& text) = 0;
  virtual void warning(const std::string& text) = 0;
  /// What only those want to know who ask for more.
  virtual void detail(const std::string& /*text*/) {}
  /// The error that ends `program` ("transfer") with `status`.
  virtual void error(const std::string& program, const std::string& text, int /*status*/) {
    note(program + ": " + text);
  }
  /// Something that other programs may want to read: the event's name and members. People read
  /// `text`, which may be empty; where it is too long for their terminal, its parts behind the
  /// last commas are left out.
  virtual void event(const std::string& /*name*/, const nlohmann::ordered_json& /*members*/,
                     const std::string& text) {
    if (!text.empty()) note(text);
  }
  /// Members of the event "result", which ends a command that did its work.
  virtual void add_to_result(const nlohmann::ordered_json& /*members*/) {}
  /// Begins a piece of work; the sink must outlive the result.
  virtual std::unique_ptr<Progress> begin(Work work) = 0;

  /// Whether draw() shows anything.
  virtual bool draws() const { return false; }
  /// Replaces the lines at the bottom of the terminal; messages appear above them. Too long ones
  /// are cut.
  virtual void draw(const std::vector<std::string>& /*lines*/) {}
  /// Leaves what draw() has shown on the screen.
  virtual void keep_drawn() {}
};

/// Sends the messages of all threads to `sink`, which must outlive them. Called by `main` before
/// the work starts. Until then messages are plain lines on stderr; details and progress are not
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

/// Sends a detail, formatted by fmt; see MessageSink::detail().
template <typename... Arguments>
void note_detail(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  messages().detail(fmt::format(text, std::forward<Arguments>(arguments)...));
}

/// Begins a piece of work in the sink in use.
inline std::unique_ptr<Progress> begin_progress(Work work) {
  return messages().begin(std::move(work));
}

/// Begins `total` `unit`s ("images") of work.
inline std::unique_ptr<Progress> begin_progress(std::string title, std::int64_t total,
                                                std::string unit) {
  return begin_progress(Work{std::move(title), total, std::move(unit)});
}

}  // namespace transfer
