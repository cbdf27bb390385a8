#include "app/report/json_messages.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace transfer {
namespace {

using nlohmann::json;

/// What is written to stderr as `say` talks to a sink with these options.
template <typename Say>
std::vector<json> events(const MessageOptions& options, const Say& say) {
  testing::internal::CaptureStderr();
  const auto sink = make_message_sink(options);
  say(*sink);
  std::istringstream lines(testing::internal::GetCapturedStderr());
  std::vector<json> events;
  for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line));
  return events;
}

std::vector<std::string> names(const std::vector<json>& events) {
  std::vector<std::string> names;
  for (const json& event : events) names.push_back(event.at("event"));
  return names;
}

void say_everything(MessageSink& sink) {
  sink.note("two\nlines");
  sink.warning("a.png");
  sink.detail("threads 2");
  Work work{"train", 10, "images", 4};
  work.numbers = [](double) { return std::vector<ProgressNumber>{{"train_loss", 0.5, "loss"}}; };
  const auto progress = sink.begin(std::move(work));
  progress->advance(6);
  progress->finish();
  sink.event("epoch", {{"epoch", 1}}, "epoch 1");
  sink.add_to_result({{"run_directory", "run"}});
  sink.event("result", {{"command", "train"}}, "");
  sink.error("transfer", "broken", 3);
}

TEST(JsonMessages, AreOneObjectALine) {
  const auto all = events({.log_json = true}, say_everything);
  EXPECT_THAT(names(all),
              testing::ElementsAre("note", "warning", "progress", "epoch", "result", "error"));
  EXPECT_EQ(all[0]["text"], "two\nlines");
  EXPECT_THAT(all[0]["time"].get<std::string>(),
              testing::MatchesRegex("....-..-..T..:..:..\\.[0-9][0-9][0-9]Z"));
  EXPECT_EQ(all[2]["work"], "train");
  EXPECT_EQ(all[2]["done"], 10);
  EXPECT_EQ(all[2]["train_loss"], 0.5);
  EXPECT_EQ(all[3]["epoch"], 1);
  EXPECT_EQ(all[3]["text"], "epoch 1");
  EXPECT_EQ(all[4]["run_directory"], "run");
  EXPECT_EQ(all[5]["exit_status"], 3);
}

TEST(JsonMessages, FollowTheOtherFlags) {
  EXPECT_THAT(names(events({.quiet = true, .log_json = true}, say_everything)),
              testing::ElementsAre("result", "error"));
  EXPECT_THAT(
      names(events({.verbose = true, .no_progress = true, .log_json = true}, say_everything)),
      testing::ElementsAre("note", "warning", "note", "epoch", "result", "error"));
}

}  // namespace
}  // namespace transfer
