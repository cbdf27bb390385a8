#pragma once

#include "core/messages.h"
#include "fuzz/target.h"

namespace transfer::fuzz {

/// Drops notes, warnings and progress: a million inputs have a lot to say.
inline void silence_messages() {
  class Silence : public MessageSink {
    class Nothing : public Progress {
      void advance(std::int64_t) override {}
      void finish() override {}
    };
    void note(const std::string&) override {}
    void warning(const std::string&) override {}
    std::unique_ptr<Progress> begin(Work) override { return std::make_unique<Nothing>(); }
  };
  static Silence silence;
  send_messages_to(silence);
}

}  // namespace transfer::fuzz
