#include "datasets/opencv_messages.h"

#include <array>
#include <iostream>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <streambuf>
#include <string_view>

namespace transfer {
namespace {

/// Passes lines on, but for those of cv::imdecode, which reports to std::cerr whatever the log
/// level: "imdecode_(''): …" up to an empty line. Lines are put together for each thread on its
/// own, so that threads neither wait for nor cut into each other.
class MessageFilter : public std::streambuf {
 public:
  explicit MessageFilter(std::streambuf* target) : target_(target) {}

 protected:
  int_type overflow(int_type character) override {
    if (!traits_type::eq_int_type(character, traits_type::eof())) {
      put(traits_type::to_char_type(character));
    }
    return traits_type::not_eof(character);
  }

  std::streamsize xsputn(const char* text, std::streamsize count) override {
    for (std::streamsize i = 0; i < count; ++i) put(text[i]);
    return count;
  }

  int sync() override {
    // std::cerr comes here after every piece; a piece that may yet become a report waits.
    const State& s = state();
    if (!s.drops && !kReport.starts_with(s.text()) && !s.is_report()) pass_on();
    return 0;
  }

 private:
  static constexpr std::string_view kReport = "imdecode_(";

  /// Trivial to destroy: the C++ library flushes std::cerr after a thread's variables are gone.
  struct State {
    std::array<char, 512> line;
    std::size_t size;
    bool drops;

    std::string_view text() const { return {line.data(), size}; }
    bool is_report() const { return text().starts_with(kReport); }
  };

  static State& state() {
    static thread_local State state{};
    return state;
  }

  void put(char character) {
    State& s = state();
    if (s.size == s.line.size()) {
      if (!s.drops && !s.is_report()) {
        pass_on();
      } else if (character != '\n') {
        return;  // the rest of a line that nobody will see
      } else {
        --s.size;
      }
    }
    s.line[s.size++] = character;
    if (character != '\n') return;
    if (s.is_report()) {
      s.drops = true;
    } else if (s.drops) {
      s.drops = s.text() != "\n";
    } else {
      pass_on();
    }
    s.size = 0;
  }

  void pass_on() {
    State& s = state();
    const std::lock_guard lock(mutex_);
    target_->sputn(s.line.data(), static_cast<std::streamsize>(s.size));
    target_->pubsync();
    s.size = 0;
  }

  std::streambuf* target_;
  std::mutex mutex_;
};

}  // namespace

void silence_opencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    // Never freed: std::cerr is used until the very end of the process.
    static auto* const filter = new MessageFilter(std::cerr.rdbuf());
    std::cerr.rdbuf(filter);
  });
}

}  // namespace transfer
