#include "app/serving/access_token.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/errors.h"

namespace transfer {
namespace {

const std::string kToken = "0123456789abcdef";

class AccessTokenTest : public testing::Test {
 protected:
  AccessToken from(const std::string& text, ::mode_t mode = 0600) {
    std::ofstream(file_) << text;
    ::chmod(file_.c_str(), mode);
    return AccessToken(file_);
  }
  ~AccessTokenTest() override { std::filesystem::remove(file_); }

  const std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / "serving-token";
};

TEST_F(AccessTokenTest, AdmitsItsTokenAlone) {
  const AccessToken token = from(kToken + "\nanother line\n");
  EXPECT_TRUE(token.is_needed());
  EXPECT_TRUE(token.admits("Bearer " + kToken));
  EXPECT_TRUE(token.admits("bearer " + kToken)) << "the scheme's case does not count";
  EXPECT_FALSE(token.admits("Bearer " + kToken + "x"));
  EXPECT_FALSE(token.admits("Bearer 0123456789ABCDEF"));
  EXPECT_FALSE(token.admits("Basic " + kToken));
  EXPECT_FALSE(token.admits(""));
}

TEST_F(AccessTokenTest, WithoutAFileEveryoneIsAdmitted) {
  EXPECT_FALSE(AccessToken().is_needed());
  EXPECT_TRUE(AccessToken().admits(""));
}

TEST_F(AccessTokenTest, RefusesWeakAndOpenFiles) {
  EXPECT_THROW(from("short\n"), ConfigError);
  EXPECT_THROW(from(""), ConfigError);
  EXPECT_THROW(from("0123456789 abcdef\n"), ConfigError);
  EXPECT_THROW(from(kToken, 0644), ConfigError);
  EXPECT_THROW(AccessToken("/nonexistent/token"), ConfigError);
}

}  // namespace
}  // namespace transfer
