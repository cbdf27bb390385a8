#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/report/message_options.h"
#include "core/messages.h"

namespace transfer {

/// Messages as lines on stderr. On a terminal, warnings are yellow and errors red unless the
/// environment sets NO_COLOR, and progress is a line that is redrawn; in a log, progress is a plain
/// line every few seconds.
class TerminalMessages : public MessageSink {
 public:
  explicit TerminalMessages(const MessageOptions& options = {});

  void note(const std::string& text) override;
  void warning(const std::string& text) override;
  void detail(const std::string& text) override;
  void error(const std::string& program, const std::string& text, int status) override;
  void event(const std::string& name, const nlohmann::ordered_json& members,
             const std::string& text) override;
  std::unique_ptr<Progress> begin(Work work) override;

  bool draws() const override;
  void draw(const std::vector<std::string>& lines) override;
  void keep_drawn() override;

 private:
  class Bar;

  void write_line(const std::string& text);
  /// Removes what draw() has shown.
  void clear();
  /// What removes it, and what else stands in the cursor's line. REQUIRES: the mutex is held.
  std::string clearing();
  /// The text in a colour, by the number that terminals give it, where colours are wanted.
  std::string coloured(int colour, const std::string& text) const;
  /// Columns that a line may take here.
  static std::int64_t columns();

  MessageOptions options_;
  bool is_terminal_;
  bool has_colours_;
  std::mutex mutex_;
  /// Lines that draw() has shown.
  std::size_t drawn_ = 0;
};

}  // namespace transfer
