#include "core/messages.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json_text.h"
#include "core/quiet_messages.h"

namespace transfer {
namespace {

/// Keeps what is sent to it.
class Recorder : public MessageSink {
 public:
  void note(const std::string& text) override { lines.push_back("note " + text); }
  void warning(const std::string& text) override { lines.push_back("warning " + text); }
  std::unique_ptr<Progress> begin(Work work) override {
    lines.push_back(fmt::format("begin {} {} {}", work.title, work.total, work.unit));
    return nullptr;
  }

  std::vector<std::string> lines;
};

TEST(Messages, GoToTheChosenSink) {
  MessageSink& before = messages();
  Recorder recorder;
  send_messages_to(recorder);
  note("{} images", 3);
  warn("left out: {}", "a.png");
  note_detail("dropped");
  begin_progress("train", 8, "images");
  send_messages_to(before);
  EXPECT_THAT(recorder.lines, testing::ElementsAre("note 3 images", "warning left out: a.png",
                                                   "begin train 8 images"));
}

TEST(Messages, OfRepeatedWorkAreDetailsAndWarningsComeOnce) {
  MessageSink& before = messages();
  Recorder recorder;
  send_messages_to(recorder);
  {
    const QuietMessages quiet;
    note("read again");
    warn("left out: {}", "a.png");
    warn("left out: {}", "a.png");
    begin_progress("train", 8, "images");
  }
  note("done");
  send_messages_to(before);
  EXPECT_THAT(recorder.lines,
              testing::ElementsAre("warning left out: a.png", "begin train 8 images", "note done"));
}

TEST(Messages, ArePlainLinesOnStderrByDefault) {
  testing::internal::CaptureStderr();
  note("{{}} is kept");
  warn("{}", "odd {} text");
  const auto progress = begin_progress("train", 8, "images");
  progress->advance(8);
  progress->finish();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "{} is kept\nwarning: odd {} text\n");
}

TEST(JsonText, ReplacesBytesThatAreNoUtf8) {
  const nlohmann::ordered_json json = {{"path", "\xFF.png"}, {"rows", {1, 2}}};
  EXPECT_EQ(json_line(json), "{\"path\":\"\xEF\xBF\xBD.png\",\"rows\":[1,2]}");
  EXPECT_EQ(json_text({{"a", 1}}), "{\n  \"a\": 1\n}\n");
}

}  // namespace
}  // namespace transfer
