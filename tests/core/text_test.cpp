#include <gmock/gmock.h>

#include <set>

#include "core/csv.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/nearest_name.h"
#include "core/random.h"
#include "core/shell_word.h"
#include "core/utf8.h"
#include "core/whole_number.h"

namespace transfer {
namespace {

TEST(ShellWord, SpecialCharactersAreQuoted) {
  EXPECT_EQ(shell_word("plain/path-1.txt"), "plain/path-1.txt");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$HOME `x` \"y\" \\"), "'$HOME `x` \"y\" \\'");
}

TEST(Csv, FieldsSurviveWritingAndReading) {
  const std::vector<std::string> fields = {"a,b", "say \"x\"", "two\nlines", "", "plain é"};
  std::string line;
  for (const auto& field : fields) {
    if (!line.empty()) line += ',';
    line += csv_field(field);
  }
  const auto rows = parse_csv(line + "\r\n\r\nnext\n", "x.csv");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].fields, fields);
  EXPECT_EQ(rows[1].fields, std::vector<std::string>{"next"});
  EXPECT_EQ(rows[1].line, 4U);
}

TEST(Csv, ByteOrderMarkIsPassedOver) {
  EXPECT_EQ(parse_csv("\xEF\xBB\xBFpath,label\n", "x.csv")[0].fields[0], "path");
}

TEST(Csv, OpenQuoteIsRefusedWithItsLine) {
  try {
    parse_csv("a,b\n\"c,d\n", "x.csv");
    FAIL() << "expected DataError";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("x.csv:2"));
  }
}

TEST(NearestName, FindsTyposAndTheRightGroup) {
  const std::vector<std::string> keys = {"train.lr", "train.epochs", "seed", "data.path"};
  EXPECT_EQ(nearest_name("train.epoch", keys), "train.epochs");
  EXPECT_EQ(nearest_name("lr", keys), "train.lr");
  EXPECT_EQ(nearest_name("sede", keys), "seed");
  EXPECT_EQ(nearest_name("block.1", {"stem.1", "blocks.1"}), "blocks.1");
  EXPECT_EQ(nearest_name("zzzzzzzz", keys), "");
  EXPECT_THAT(suggestion("zzzzzzzz", keys), testing::HasSubstr("known: train.lr"));
}

TEST(Utf8, TellsWellFormedTextFromOtherBytes) {
  for (const std::string good : {"", "cat", "Bär", "猫", "🐈", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string bad : {"B\xE4r", "\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF",
                                "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad)) << escaped(bad);
  }
  EXPECT_EQ(escaped("B\xE4r"), "B\\xE4r");
}

TEST(WholeNumber, IsDecimalAndNothingElse) {
  EXPECT_EQ(parse_whole_number("010"), 10);
  EXPECT_EQ(parse_whole_number("-1"), -1);
  for (const char* text : {"", "0x10", "1.0", " 1", "1 ", "+1", "9223372036854775808"}) {
    EXPECT_EQ(parse_whole_number(text), std::nullopt) << text;
  }
}

TEST(Sha256, MatchesPublishedVectors) {
  // FIPS 180-4 examples.
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.update("a");
  pieces.update("bc");
  EXPECT_EQ(pieces.hex(), sha256_hex("abc"));
}

TEST(Random, SeedsThatDifferInAnyPartDiffer) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t a = 0; a < 10; ++a) {
    for (std::uint64_t b = 0; b < 10; ++b) {
      for (std::uint64_t c = 0; c < 10; ++c) seeds.insert(mix_seed({a, b, c}));
    }
  }
  EXPECT_EQ(seeds.size(), 1000U);
}

TEST(Random, BelowIsEvenAndUniformStaysInside) {
  Random random(1);
  std::vector<int> counts(6, 0);
  for (int i = 0; i < 60000; ++i) ++counts[random.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
  for (int i = 0; i < 10000; ++i) {
    const double value = random.uniform(-2, 3);
    EXPECT_GE(value, -2);
    EXPECT_LT(value, 3);
  }
}

}  // namespace
}  // namespace transfer
