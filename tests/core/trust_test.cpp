#include "core/trust.h"

#include <gmock/gmock.h>

#include "core/atomic_file.h"
#include "core/errors.h"

namespace transfer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

const std::string kHash(64, 'a');
const std::string kOther(64, '0');

TEST(Trust, ASettingIsARuleOrPins) {
  EXPECT_EQ(parse_trust("checked", "").rule, TrustRule::kChecked);
  EXPECT_EQ(parse_trust("always", "").rule, TrustRule::kAlways);
  EXPECT_THAT(parse_trust("ask", "").pins, IsEmpty());
  const Trust pinned = parse_trust("sha256:" + kHash + ",sha256:" + kOther, "");
  EXPECT_EQ(pinned.rule, TrustRule::kPinned);
  EXPECT_THAT(pinned.pins, ElementsAre(kOther, kHash));
  EXPECT_THAT(parse_trust("sha256:" + std::string(64, 'A'), "").pins, ElementsAre(kHash));
}

TEST(Trust, OtherSettingsAreRefused) {
  for (const std::string setting : {"", "yes", "sha256:", "sha256:12", "sha1:12", ","}) {
    EXPECT_THAT([&] { parse_trust(setting, ""); },
                ThrowsMessage<ConfigError>(AllOf(HasSubstr("'" + setting + "'"),
                                                 HasSubstr("pinned"), HasSubstr("sha256sum"))));
  }
  EXPECT_THROW(parse_trust(kHash, ""), ConfigError);
  EXPECT_THROW(parse_trust("sha256:" + std::string(64, 'g'), ""), ConfigError);
}

TEST(Trust, AFileOfPinsIsReadAsSha256sumWritesIt) {
  const std::string file = testing::TempDir() + "/pins";
  write_file_atomically(file, "# models\n\n" + kHash + "  model.pt\r\n  sha256:" + kOther + "\n");
  const Trust trust = parse_trust("pinned", file);
  EXPECT_EQ(trust.rule, TrustRule::kPinned);
  EXPECT_THAT(trust.pins, ElementsAre(kOther, kHash));
  write_file_atomically(file, kHash + "  a.pt\nmodel.pt " + kOther + "\n");
  EXPECT_THAT([&] { parse_trust("checked", file); },
              ThrowsMessage<ConfigError>(HasSubstr(file + ":2")));
  EXPECT_THAT([&] { parse_trust("checked", file + ".missing"); },
              ThrowsMessage<ConfigError>(HasSubstr("pins.missing: no such file")));
}

}  // namespace
}  // namespace transfer
