#include "app/serving/http_message.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace transfer {
namespace {

TEST(HttpMessage, SplitsATarget) {
  HttpRequest request;
  ASSERT_TRUE(parse_target("/pre%64ict?model=a%20b&top=3&top=5&empty=&flag&=x&plus=a+b", request));
  EXPECT_EQ(request.path, "/predict");
  EXPECT_EQ(request.parameter("model"), "a b");
  EXPECT_EQ(request.parameter("top"), "5") << "the last one counts";
  EXPECT_EQ(request.parameter("empty"), "");
  EXPECT_EQ(request.parameter("flag"), "");
  EXPECT_EQ(request.parameter("plus"), "a b");
  EXPECT_EQ(request.parameter("other"), std::nullopt);
}

TEST(HttpMessage, RefusesBrokenPercentSigns) {
  HttpRequest request;
  for (const char* target : {"/%", "/%4", "/%4g", "/?a=%", "/?%zz=1"}) {
    EXPECT_FALSE(parse_target(target, request)) << target;
  }
}

TEST(HttpMessage, RefusalsSayWhyAndWhenToComeBack) {
  const HttpAnswer answer = refusal(429, "too many");
  EXPECT_EQ(answer.status, 429);
  const auto json = nlohmann::json::parse(answer.body);
  EXPECT_EQ(json["error"]["status"], 429);
  EXPECT_EQ(json["error"]["message"], "too many");
  EXPECT_THAT(answer.fields, testing::Contains(testing::Pair("Retry-After", "1")));
  EXPECT_THAT(refusal(401, "").fields, testing::Contains(testing::Key("WWW-Authenticate")));
  EXPECT_TRUE(refusal(404, "").fields.empty());
}

}  // namespace
}  // namespace transfer
