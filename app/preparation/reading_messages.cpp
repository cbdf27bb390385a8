#include "app/preparation/reading_messages.h"

#include "core/messages.h"

namespace transfer {

void report_reading(const Findings& findings) {
  for (const std::string& text : findings.notes) note("{}", text);
  for (const SkipMessage& message : skip_messages(findings.skipped)) {
    if (message.is_warning) {
      warn("{}", message.text);
    } else {
      note("{}", message.text);
    }
  }
  for (const std::string& text : findings.warnings) warn("{}", text);
}

}  // namespace transfer
