#include "core/messages.h"

#include "core/standard_streams.h"
#include "core/visible_text.h"

namespace transfer {
namespace {

class NoProgress : public Progress {
 public:
  void advance(std::int64_t /*count*/) override {}
  void finish() override {}
};

class PlainLines : public MessageSink {
 public:
  void note(const std::string& text) override { write_to_stderr(visible(text) + "\n"); }
  void warning(const std::string& text) override { note("warning: " + text); }
  std::unique_ptr<Progress> begin(Work /*work*/) override { return std::make_unique<NoProgress>(); }
};

MessageSink*& sink_in_use() {
  static PlainLines plain_lines;
  static MessageSink* sink = &plain_lines;
  return sink;
}

}  // namespace

void send_messages_to(MessageSink& sink) { sink_in_use() = &sink; }

MessageSink& messages() { return *sink_in_use(); }

}  // namespace transfer
