#include "core/quiet_messages.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace transfer {

QuietMessages::QuietMessages() : sink_(messages()) { send_messages_to(*this); }

QuietMessages::~QuietMessages() { send_messages_to(sink_); }

void QuietMessages::tell(const std::string& text) { sink_.note(text); }

void QuietMessages::note(const std::string& text) { sink_.detail(text); }

void QuietMessages::warning(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (shown_.insert(text).second) sink_.warning(text);
}

void QuietMessages::detail(const std::string& text) { sink_.detail(text); }

void QuietMessages::error(const std::string& program, const std::string& text, int status) {
  sink_.error(program, text, status);
}

void QuietMessages::event(const std::string& name, const nlohmann::ordered_json& members,
                          const std::string& text) {
  sink_.event(name, members, "");
  if (!text.empty()) sink_.detail(text);
}

/// What the work says of itself is not what the program says in the end.
void QuietMessages::add_to_result(const nlohmann::ordered_json& /*members*/) {}

std::unique_ptr<Progress> QuietMessages::begin(Work work) {
  work.tells_end = false;
  return sink_.begin(std::move(work));
}

bool QuietMessages::draws() const { return sink_.draws(); }

void QuietMessages::draw(const std::vector<std::string>& lines) { sink_.draw(lines); }

void QuietMessages::keep_drawn() { sink_.keep_drawn(); }

}  // namespace transfer
