#include "app/report/json_messages.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "app/report/terminal_messages.h"
#include "app/report/work_clock.h"
#include "core/json_text.h"
#include "core/standard_streams.h"

namespace transfer {
namespace {

using nlohmann::ordered_json;

/// Seconds between two events of one piece of work.
constexpr double kEventInterval = 1.0;

/// "2026-11-29T10:11:54.123Z"
std::string time_now() {
  const auto now = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), milliseconds);
}

ordered_json number_or_null(const std::optional<double>& number) {
  return number ? ordered_json(*number) : ordered_json(nullptr);
}

}  // namespace

class JsonMessages::Counter : public Progress {
 public:
  Counter(JsonMessages& messages, Work work)
      : messages_(messages), clock_(std::move(work), kEventInterval) {}

  void advance(std::int64_t count) override {
    if (clock_.advance(count)) write();
  }
  void finish() override { write(); }

 private:
  void write() {
    if (messages_.options_.no_progress) return;
    const ProgressState state = clock_.state();
    ordered_json members = {{"work", state.title},
                            {"done", state.done},
                            {"total", state.total},
                            {"unit", state.unit},
                            {"units_per_second", number_or_null(state.rate)},
                            {"seconds_left", number_or_null(state.seconds_left)}};
    for (const ProgressNumber& number : state.numbers) members[number.key] = number.value;
    messages_.write("progress", members);
  }

  JsonMessages& messages_;
  WorkClock clock_;
};

JsonMessages::JsonMessages(const MessageOptions& options)
    : options_(options), result_(std::make_unique<ordered_json>(ordered_json::object())) {
  options_.no_progress |= options.quiet;
}

JsonMessages::~JsonMessages() = default;

void JsonMessages::note(const std::string& text) {
  if (!options_.quiet) write("note", {{"text", text}});
}

void JsonMessages::warning(const std::string& text) {
  if (!options_.quiet) write("warning", {{"text", text}});
}

void JsonMessages::detail(const std::string& text) {
  if (options_.verbose) note(text);
}

void JsonMessages::error(const std::string& program, const std::string& text, int status) {
  write("error", {{"text", text}, {"program", program}, {"exit_status", status}});
}

void JsonMessages::event(const std::string& name, const ordered_json& members,
                         const std::string& text) {
  if (options_.quiet && name != "result") return;
  ordered_json all = members;
  if (!text.empty()) all["text"] = text;
  if (name == "result") all.update(*result_);
  write(name, all);
}

void JsonMessages::add_to_result(const ordered_json& members) { result_->update(members); }

std::unique_ptr<Progress> JsonMessages::begin(Work work) {
  return std::make_unique<Counter>(*this, std::move(work));
}

void JsonMessages::write(const std::string& name, const ordered_json& members) {
  ordered_json object = {{"event", name}, {"time", time_now()}};
  object.update(members);
  const std::string line = json_line(object) + "\n";
  const std::lock_guard lock(mutex_);
  write_to_stderr(line);
}

std::unique_ptr<MessageSink> make_message_sink(const MessageOptions& options) {
  if (options.log_json) return std::make_unique<JsonMessages>(options);
  return std::make_unique<TerminalMessages>(options);
}

}  // namespace transfer
